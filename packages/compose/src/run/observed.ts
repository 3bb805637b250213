import type { ContainerSummary } from '@pouch/api';
import type { PouchClient } from '@pouch/client';
import { LABEL } from '../convert/labels.ts';
import type { Project, Service } from '../project/project.ts';
import type { DependsOn } from '../schema/service-parts.ts';

/** A container of a project, as the daemon has it. */
export interface Observed {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
  readonly oneOff: boolean;
  readonly state: ContainerSummary['State'];
  readonly hash: string;
  readonly summary: ContainerSummary;
}

/** The containers of a project, stopped ones and those of `run` included, by service and number. */
export async function observe(client: PouchClient, project: string): Promise<Observed[]> {
  const found = await client.containers.list({ all: true, filters: { label: [`${LABEL.project}=${project}`] } });
  return found
    .filter(({ Labels }) => Labels[LABEL.service] !== undefined)
    .map(observed)
    .toSorted((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.number - b.number));
}

export function observed(summary: ContainerSummary): Observed {
  const { Labels: labels } = summary;
  return {
    id: summary.Id,
    name: (summary.Names.find((name) => name.lastIndexOf('/') === 0) ?? summary.Names[0] ?? '').replace(/^\//, ''),
    service: labels[LABEL.service] ?? '',
    number: Number(labels[LABEL.number] ?? 0) || 0,
    oneOff: labels[LABEL.oneOff]?.toLowerCase() === 'true',
    state: summary.State,
    hash: labels[LABEL.configHash] ?? '',
    summary,
  };
}

/** Containers of services that the project does not have any more. */
export function orphansOf(project: Project, containers: readonly Observed[]): Observed[] {
  return containers.filter(
    ({ service, oneOff }) => !oneOff && !project.services.has(service) && !project.disabled.has(service),
  );
}

/**
 * A project made of what runs, for commands without its files: its services and what they wait for, from labels.
 */
export function projectOfContainers(name: string, containers: readonly Observed[]): Project {
  const services = new Map<string, Service>();
  for (const { service, summary } of containers) {
    if (services.has(service)) continue;
    const count = containers.filter((one) => one.service === service && !one.oneOff).length;
    services.set(service, {
      name: service,
      image: summary.Image,
      environment: {},
      labels: {},
      depends_on: dependenciesIn(summary.Labels[LABEL.dependsOn] ?? ''),
      networks: {},
      replicas: count,
    });
  }
  const labels = containers[0]?.summary.Labels ?? {};
  return {
    name,
    directory: labels[LABEL.directory] ?? process.cwd(),
    files: (labels[LABEL.files] ?? '').split(',').filter((path) => path !== ''),
    envFiles: [],
    services,
    disabled: new Map(),
    networks: new Map(),
    volumes: new Map(),
    secrets: new Map(),
    configs: new Map(),
    variables: new Map(),
    warnings: [],
  };
}

const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;

function dependenciesIn(label: string): Record<string, DependsOn> {
  const found: Record<string, DependsOn> = {};
  for (const part of label.split(',').filter((one) => one !== '')) {
    const [name = '', condition, restart] = part.split(':');
    const known = CONDITIONS.find((one) => one === condition) ?? 'service_started';
    found[name] = { condition: known, required: true, restart: restart === 'true' };
  }
  return found;
}
