import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { POUCH } from '../../harness/programs.ts';
import { onPath } from '../harness/docker-engine.ts';

/** A program that runs Compose files. */
export interface ComposeClient {
  readonly name: 'docker compose' | 'docker-compose' | 'pouch compose';
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it cannot do, so that steps with it are left out. */
  readonly lacks: readonly Feature[];
}

/** What not every client has. */
export type Feature = 'watch' | 'wait' | 'recreate' | 'configs';

/** Directory with `cli-plugins/docker-compose`, of those that are usual; undefined without one. */
export function pluginDirectory(): string | undefined {
  const places = [
    process.env['POUCH_COMPAT_PLUGINS'],
    process.env['DOCKER_CONFIG'],
    '/var/cache/pouch-test/clients',
    join(homedir(), '.docker'),
  ];
  return places.find((place) => place !== undefined && existsSync(join(place, 'cli-plugins/docker-compose')));
}

/** Those that this host has. `pouch compose` is always there. */
export function composeClients(): ComposeClient[] {
  const plugins = pluginDirectory();
  const clients: ComposeClient[] = [];
  if (plugins !== undefined && onPath('docker') !== undefined) {
    clients.push({
      name: 'docker compose',
      command: ['docker', 'compose'],
      environment: { DOCKER_CONFIG: plugins, DOCKER_BUILDKIT: '0' },
      lacks: [],
    });
  }
  const old = onPath('docker-compose');
  if (old !== undefined) {
    clients.push({
      name: 'docker-compose',
      command: [old],
      environment: { COMPOSE_DOCKER_CLI_BUILD: '0' },
      // It reads a field of images that API 1.45 took away, so that it makes no container anew on Docker 25 and newer either.
      lacks: ['watch', 'wait', 'recreate', 'configs'],
    });
  }
  clients.push({ name: 'pouch compose', command: [...POUCH, 'compose'], environment: { NO_COLOR: '1' }, lacks: [] });
  return clients;
}
