import { minorOf } from '../schema/lifespan.ts';
import type { Method } from './endpoint.ts';

/** An endpoint of Docker's for something that Pouch does not do, and what is answered. */
export interface AbsentEndpoint {
  readonly method: Method;
  readonly path: string;
  readonly since?: string;
  readonly feature: string;
  readonly status: number;
  /** `{name}` stands for the path's. */
  readonly message: string;
  /** Answered in place of a message. */
  readonly body?: readonly never[];
  /** Docker's answer is another; this is why. Without it, Docker outside a swarm and without plugins answers the same. */
  readonly differs?: string;
}

/** What Docker says of everything that needs a swarm. */
export const NOT_A_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const ONE_HOST = 'Pouch runs containers on one host: there is no swarm to begin or to join.';
const NO_MANAGED_PLUGINS =
  'Pouch installs no plugins; volume plugins that run by themselves are found in /run/docker/plugins.';

type Line = readonly [method: Method, path: string, more?: Partial<AbsentEndpoint>];

function feature(name: string, answer: { status: number; message: string }, lines: readonly Line[]): AbsentEndpoint[] {
  return lines.map(([method, path, more]) => ({ method, path, feature: name, ...answer, ...more }));
}

const unmanaged = { status: 503, message: NOT_A_MANAGER };
const noSwarm = { status: 501, message: `swarm mode is not available: ${ONE_HOST}`, differs: ONE_HOST };
const noPlugins = {
  status: 501,
  message: `managed plugins are not available: ${NO_MANAGED_PLUGINS}`,
  differs: NO_MANAGED_PLUGINS,
};
const secrets = { since: '1.25' };
const configs = { since: '1.30' };

/** Every one of them, so that what is answered, the page of differences and the tests say the same. */
export const ABSENT_ENDPOINTS: readonly AbsentEndpoint[] = [
  ...feature('Swarm', unmanaged, [
    ['GET', '/swarm'],
    ['POST', '/swarm/init', noSwarm],
    ['POST', '/swarm/join', noSwarm],
    ['POST', '/swarm/leave', { message: 'This node is not part of a swarm' }],
    ['POST', '/swarm/update'],
    ['GET', '/swarm/unlockkey'],
    ['POST', '/swarm/unlock'],
  ]),
  ...feature('Nodes', unmanaged, [
    ['GET', '/nodes'],
    ['GET', '/nodes/{name}'],
    ['DELETE', '/nodes/{name}'],
    ['POST', '/nodes/{name}/update'],
  ]),
  ...feature('Services', unmanaged, [
    ['GET', '/services'],
    ['POST', '/services/create'],
    ['GET', '/services/{name}'],
    ['DELETE', '/services/{name}'],
    ['POST', '/services/{name}/update'],
    ['GET', '/services/{name}/logs'],
  ]),
  ...feature('Tasks', unmanaged, [
    ['GET', '/tasks'],
    ['GET', '/tasks/{name}'],
    ['GET', '/tasks/{name}/logs'],
  ]),
  ...feature('Secrets', unmanaged, [
    ['GET', '/secrets', secrets],
    ['POST', '/secrets/create', secrets],
    ['GET', '/secrets/{name}', secrets],
    ['DELETE', '/secrets/{name}', secrets],
    ['POST', '/secrets/{name}/update', secrets],
  ]),
  ...feature('Configs', unmanaged, [
    ['GET', '/configs', configs],
    ['POST', '/configs/create', configs],
    ['GET', '/configs/{name}', configs],
    ['DELETE', '/configs/{name}', configs],
    ['POST', '/configs/{name}/update', configs],
  ]),
  ...feature('Plugins', { status: 404, message: 'plugin "{name}" not found' }, [
    ['GET', '/plugins', { status: 200, message: '', body: [] }],
    ['GET', '/plugins/privileges', noPlugins],
    ['POST', '/plugins/pull', noPlugins],
    ['POST', '/plugins/create', noPlugins],
    ['GET', '/plugins/{name}/json'],
    ['DELETE', '/plugins/{name}'],
    ['POST', '/plugins/{name}/enable'],
    ['POST', '/plugins/{name}/disable'],
    ['POST', '/plugins/{name}/push'],
    ['POST', '/plugins/{name}/upgrade', { since: '1.26' }],
    ['POST', '/plugins/{name}/set'],
  ]),
  ...feature(
    'Cluster volumes',
    { status: 503, message: 'volume update only valid for cluster volumes, but swarm is unavailable' },
    [['PUT', '/volumes/{name}', { since: '1.42' }]],
  ),
  ...feature(
    'Profiles of the daemon',
    { status: 404, message: 'page not found' },
    ['', '/vars', '/pprof', '/pprof/{name}'].map((path) => [
      'GET',
      `/debug${path}`,
      { differs: "They show the inner life of a Go program; pouchd's log and `pouch info` tell of its own." },
    ]),
  ),
];

let patterns: readonly { readonly pattern: RegExp; readonly endpoint: AbsentEndpoint }[] | undefined;

/** The absent endpoint that a path (without version and query) and a method mean. */
export function matchAbsent(method: string, path: string): AbsentEndpoint | undefined {
  patterns ??= ABSENT_ENDPOINTS.map((endpoint) => {
    // Names of plugins hold slashes, others do not.
    const name = endpoint.path.startsWith('/plugins') ? '.+' : '[^/]+';
    return { pattern: new RegExp(`^${endpoint.path.replace(/\{\w+\}/g, `(${name})`)}/?$`), endpoint };
  });
  for (const { pattern, endpoint } of patterns) {
    const found = endpoint.method === method ? pattern.exec(path) : null;
    if (found) return { ...endpoint, message: endpoint.message.replace('{name}', (found[1] ?? '').slice(0, 128)) };
  }
  return undefined;
}

/** Whether an API version, by its number behind `1.`, has the endpoint. */
export function absentIn(endpoint: AbsentEndpoint, minor: number): boolean {
  return endpoint.since === undefined || minorOf(endpoint.since) <= minor;
}
