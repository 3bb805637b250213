import type { Project, Service } from './project.ts';

/** Fields that say how a value was come by, or that follow from others. */
const LEFT_OUT = new Set(['name', 'replicas', 'env_file', 'extends', 'label_file']);
const BYTES = new Set(['mem_limit', 'mem_reservation', 'memswap_limit', 'shm_size', 'size', 'memory']);
const DURATIONS = new Set(['interval', 'timeout', 'start_period', 'start_interval', 'stop_grace_period']);
const MODES = new Set(['mode']);

/**
 * The project as a file that says all of it in the long syntax: what `config` prints. Dollars are doubled, so that they are no
 * variables when it is read again, unless variables were left as they are written.
 */
export function projectConfig(project: Project, rawVariables = false): Record<string, unknown> {
  const config = wholeConfig(project);
  return (rawVariables ? config : doubleDollars(config)) as Record<string, unknown>;
}

function doubleDollars(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(doubleDollars);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, doubleDollars(inner)]));
}

function wholeConfig(project: Project): Record<string, unknown> {
  const sorted = <T>(items: ReadonlyMap<string, T>): [string, T][] =>
    [...items].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const services = Object.fromEntries(
    sorted(project.services).map(([name, service]) => [name, serviceConfig(service)]),
  );
  const usedNetworks = new Set([...project.services.values()].flatMap((service) => Object.keys(service.networks)));
  const networks = sorted(project.networks).filter(([key]) => usedNetworks.has(key));
  const section = (
    items: readonly (readonly [string, { readonly key: string }])[],
    more: (key: string) => Record<string, unknown> = () => ({}),
  ): Record<string, unknown> =>
    Object.fromEntries(
      items.map(([key, one]) => {
        const own = Object.fromEntries(Object.entries(one).filter(([field]) => field !== 'key'));
        return [key, sortedObject({ ...more(key), ...(textual(own) as object) })];
      }),
    );
  const named = (key: string): Record<string, unknown> => ({ name: `${project.name}_${key}` });
  return {
    name: project.name,
    services,
    ...(networks.length > 0 && {
      networks: section(networks.map(([key, one]) => [key, { ...one, ipam: one.ipam ?? {} }])),
    }),
    ...(project.volumes.size > 0 && { volumes: section(sorted(project.volumes)) }),
    ...(project.secrets.size > 0 && { secrets: section(sorted(project.secrets), named) }),
    ...(project.configs.size > 0 && { configs: section(sorted(project.configs), named) }),
  };
}

function serviceConfig(service: Service): Record<string, unknown> {
  const { depends_on: dependsOn, environment, extra_hosts: hosts, labels, networks, ...rest } = service;
  const kept = Object.fromEntries(Object.entries(rest).filter(([key]) => !LEFT_OUT.has(key)));
  const result: Record<string, unknown> = {
    command: null,
    entrypoint: null,
    ...kept,
    ...(Object.keys(dependsOn).length > 0 && { depends_on: dependsOn }),
    ...(Object.keys(environment).length > 0 && { environment: sortedObject({ ...environment }) }),
    ...(hosts && {
      extra_hosts: Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((one) => `${name}=${one}`)),
    }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(networks).length > 0 && { networks }),
  };
  return sortedObject(textual(result) as Record<string, unknown>);
}

function sortedObject(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sizes, durations and modes as texts that mean the same when they are read again. */
function textual(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => textual(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, textual(inner, name)]));
  }
  if (typeof value !== 'number') return value;
  if (BYTES.has(key)) return String(value);
  if (DURATIONS.has(key)) return goDuration(value);
  if (MODES.has(key)) return `0${value.toString(8)}`;
  return value;
}

/** Milliseconds as Go prints a duration: `1m30s`, `500ms`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
