import { createHash } from 'node:crypto';
import type { Project, Service } from '../project/project.ts';

/** The labels by which Compose tools know the containers, networks and volumes of a project. */
export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  slug: 'com.docker.compose.slug',
  configHash: 'com.docker.compose.config-hash',
  image: 'com.docker.compose.image',
  dependsOn: 'com.docker.compose.depends_on',
  directory: 'com.docker.compose.project.working_dir',
  files: 'com.docker.compose.project.config_files',
  envFiles: 'com.docker.compose.project.environment_file',
  replace: 'com.docker.compose.replace',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  version: 'com.docker.compose.version',
} as const;

/** What the label version says; other tools only show it. */
export const VERSION = 'pouch-0.1.0';

/**
 * The hash of what a network or volume is made of has a label of our own: other tools write theirs, computed another
 * way, and would offer to make the thing anew over the difference.
 */
export const OWN_HASH = 'pouch.compose.config-hash';

/** What does not change the container: who it waits for, how its image is made, how many there are. */
const NOT_HASHED = new Set([
  'build',
  'depends_on',
  'develop',
  'profiles',
  'pull_policy',
  'replicas',
  'scale',
  'env_file',
  'extends',
  'label_file',
  'attach',
  'post_start',
  'pre_stop',
]);

/** A hash of all that makes a service's containers: they are made anew when it changes. */
export function serviceHash(project: Project, service: Service): string {
  const kept = Object.entries(service).filter(([key]) => !NOT_HASHED.has(key) && !key.startsWith('x-'));
  const { replicas: _, labels: __, ...deploy } = service.deploy ?? {};
  const files = [
    ...(service.secrets ?? []).map(({ source }) => project.secrets.get(source ?? '')),
    ...(service.configs ?? []).map(({ source }) => project.configs.get(source ?? '')),
  ].map((file) => [file?.file, file?.content, file?.environment && project.variables.get(file.environment)]);
  const networks = Object.keys(service.networks).map((key) => project.networks.get(key)?.name);
  const volumes = (service.volumes ?? []).map(({ source }) => project.volumes.get(source ?? '')?.name);
  return hashOf({ ...Object.fromEntries(kept), deploy, files, networkNames: networks, volumeNames: volumes });
}

/** SHA-256 of the value as JSON with sorted keys, in hexadecimal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex');
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export interface ContainerLabels {
  readonly number: number;
  readonly oneOff: boolean;
  readonly hash: string;
  /** Of the image, as the daemon names it. */
  readonly imageId: string;
}

/** The labels of a service's container: its own, and those of Compose. */
export function containerLabels(project: Project, service: Service, options: ContainerLabels): Record<string, string> {
  const dependencies = Object.entries(service.depends_on)
    .map(([name, { condition, restart }]) => `${name}:${condition}:${restart ?? false}`)
    .join(',');
  return {
    ...service.labels,
    [LABEL.project]: project.name,
    [LABEL.service]: service.name,
    [LABEL.number]: String(options.number),
    [LABEL.oneOff]: options.oneOff ? 'True' : 'False',
    [LABEL.configHash]: options.hash,
    [LABEL.image]: options.imageId,
    [LABEL.dependsOn]: dependencies,
    [LABEL.directory]: project.directory,
    [LABEL.files]: project.files.join(','),
    ...(project.envFiles.length > 0 && { [LABEL.envFiles]: project.envFiles.join(',') }),
    [LABEL.version]: VERSION,
  };
}
