import { isIP } from 'node:net';
import { parseTime, PouchError } from '@pouch/base';
import type { Sandbox } from '../../network/sandbox.ts';
import type { Container } from '../container.ts';
import type { Filters } from '../container-service.ts';
import { dockerStatus } from '../state-machine.ts';

const KNOWN = new Set([
  'ancestor',
  'annotation',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
]);
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export interface FilterSources {
  readonly find: (reference: string) => Container;
  readonly sandbox: (containerId: string) => Sandbox | undefined;
  /** Ids of the images that an `ancestor` names, themselves and those made of them. */
  readonly imageIds: (reference: string) => Promise<ReadonlySet<string>>;
}

type Test = (container: Container) => boolean;

/** Docker's filters of `ps`, and those of `also` besides, as one test. Throws `invalid-argument` for unknown ones. */
export async function compileFilters(
  filters: Filters,
  sources: FilterSources,
  also: readonly string[] = [],
): Promise<Test> {
  const tests: Test[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (!KNOWN.has(name) && !also.includes(name)) throw new PouchError('invalid-argument', `invalid filter '${name}'`);
    if (values.length > 0) tests.push(await compileOne(name, values, sources));
  }
  return (container) => tests.every((passes) => passes(container));
}

/** True when the filter asks for containers that do not run: `ps` then looks at all. */
export function wantsAll(filters: Filters): boolean {
  return 'status' in filters || 'exited' in filters || 'before' in filters || 'since' in filters || 'health' in filters;
}

async function compileOne(name: string, values: readonly string[], sources: FilterSources): Promise<Test> {
  const any = (match: (container: Container, value: string) => boolean): Test => {
    return (container) => values.some((value) => match(container, value));
  };
  switch (name) {
    case 'id':
      return any((container, value) => container.id.startsWith(value) || matches(value, container.id));
    case 'name':
      return any(
        (container, value) => matches(value, `/${container.record.name}`) || matches(value, container.record.name),
      );
    case 'label':
      return (container) => values.every((value) => hasLabel(container, value));
    case 'annotation':
      return (container) => values.every((value) => hasPair(container.record.hostConfig.Annotations, value));
    case 'label!':
      return (container) => !values.some((value) => hasLabel(container, value));
    case 'status':
      for (const value of values) checked(value, STATUSES, 'status');
      return any((container, value) => dockerStatus(container.state) === value);
    case 'exited':
      return exitedTest(values);
    case 'health':
      for (const value of values) checked(value, HEALTH, 'health');
      return any((container, value) => (container.state.health?.status ?? 'none') === value);
    case 'volume':
      return any((container, value) =>
        container.record.mounts.some(
          (mount) => mount.Name === value || mount.Source === value || mount.Destination === value,
        ),
      );
    case 'network':
      return any((container, value) => inNetwork(container, value, sources));
    case 'publish':
    case 'expose':
      for (const value of values) portKey(value, name);
      return any((container, value) => portsOf(container, sources, name === 'publish').has(portKey(value, name)));
    case 'before':
    case 'since':
      return olderOrNewer(name, values, sources);
    case 'until':
      return untilTest(values);
    case 'ancestor':
      return await ancestorTest(values, sources);
    case 'is-task':
      return isTaskTest(values);
    default:
      return () => true;
  }
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return text.includes(pattern);
  }
}

function hasLabel(container: Container, wanted: string): boolean {
  return hasPair(container.record.config.Labels, wanted);
}

/** `key`, or `key=value`. */
function hasPair(pairs: Readonly<Record<string, string>> = {}, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at < 0 ? Object.hasOwn(pairs, wanted) : pairs[wanted.slice(0, at)] === wanted.slice(at + 1);
}

function checked(value: string, allowed: readonly string[], filter: string): string {
  if (!allowed.includes(value)) {
    const what = filter === 'status' ? 'state' : filter;
    throw new PouchError(
      'invalid-argument',
      `invalid filter '${filter}=${value}': invalid value for ${what} (${value}): must be one of ${allowed.join(', ')}`,
    );
  }
  return value;
}

/** No container here belongs to a swarm's task. */
function isTaskTest(values: readonly string[]): Test {
  const known = values.every((value) => ['true', '1', 'false', '0'].includes(value.toLowerCase()));
  if (!known) throw new PouchError('invalid-argument', `invalid filter 'is-task=[${values.join(' ')}]'`);
  return () => values.every((value) => value === 'false' || value === '0');
}

function exitedTest(values: readonly string[]): Test {
  const codes = values.map((value) => {
    if (!/^-?\d+$/.test(value))
      throw new PouchError('invalid-argument', `invalid filter 'exited=${value}': '${value}' is no number`);
    return Number(value);
  });
  return (container) => container.status === 'exited' && codes.includes(container.state.exitCode);
}

function inNetwork(container: Container, value: string, { sandbox }: FilterSources): boolean {
  const networks = { ...container.record.endpoints, ...sandbox(container.id)?.networks };
  return Object.entries(networks).some(
    ([name, endpoint]) =>
      name === value ||
      (endpoint.NetworkID !== undefined && endpoint.NetworkID !== '' && endpoint.NetworkID.startsWith(value)),
  );
}

function portKey(text: string, filter: string): string {
  const [port = '', protocol = 'tcp'] = text.split('/');
  if (!/^\d+(-\d+)?$/.test(port) || isIP(port)) {
    throw new PouchError(
      'invalid-argument',
      `error while looking up for ${filter} ${text}: invalid start port '${port}': invalid syntax`,
    );
  }
  return `${port}/${protocol}`;
}

function portsOf(container: Container, { sandbox }: FilterSources, published: boolean): ReadonlySet<string> {
  const ports = Object.entries(sandbox(container.id)?.ports ?? {});
  if (!published) return new Set(ports.map(([key]) => key));
  return new Set(
    ports.flatMap(([key, bindings]) => (bindings ?? []).map((binding) => `${binding.HostPort}/${key.split('/')[1]}`)),
  );
}

function olderOrNewer(name: 'before' | 'since', values: readonly string[], sources: FilterSources): Test {
  const times = values.map((value) => BigInt(sources.find(value).record.created));
  return (container) => {
    const created = BigInt(container.record.created);
    return times.every((time) => (name === 'before' ? created < time : created > time));
  };
}

/** `until` of prune: created before a time, or longer ago than a Go duration. */
function untilTest(values: readonly string[]): Test {
  const limits = values.map((value) => parseUntil(value));
  return (container) => limits.every((limit) => BigInt(container.record.created) < limit);
}

export function parseUntil(value: string): bigint {
  const seconds = /^\d+(\.\d+)?$/.exec(value);
  if (seconds) return BigInt(Math.floor(Number(value) * 1e9));
  const time = parseTime(value);
  if (time !== undefined) return time;
  const duration = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? /^((?:\d+(?:\.\d+)?(?:h|m|s))+)$/.exec(value);
  if (!duration)
    throw new PouchError('invalid-argument', `invalid until '${value}': give a time or a duration such as 24h`);
  let milliseconds = 0;
  for (const part of value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    const unit = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6 }[part[2] as 'ms' | 's' | 'm' | 'h'];
    milliseconds += Number(part[1]) * unit;
  }
  return BigInt(Math.floor((Date.now() - milliseconds) * 1e6));
}

async function ancestorTest(values: readonly string[], sources: FilterSources): Promise<Test> {
  const ids = await Promise.all(values.map(async (value) => await sources.imageIds(value)));
  return (container) =>
    ids.some((set) => set.has(container.record.imageId)) || values.includes(container.record.imageReference);
}
