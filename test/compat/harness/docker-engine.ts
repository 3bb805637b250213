import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { startDocker } from '../../../bench/docker-peer.ts';
import type { Engine } from './engine.ts';

const CACHE = process.env.POUCH_BENCH_PEERS ?? '/var/cache/pouch-bench';

/** Directory of a real dockerd's programs: the newest, else Debian's (also with POUCH_COMPAT_DEBIAN=1). Undefined without one. */
export function dockerPrograms(): string | undefined {
  const newest = join(CACHE, 'bin');
  if (existsSync(join(newest, 'dockerd')) && !process.env.POUCH_COMPAT_DEBIAN) return newest;
  const debian = join(CACHE, 'debian/bin');
  if (existsSync(join(debian, 'dockerd'))) return debian;
  const script = resolve(import.meta.dirname, '../../../bench/debian-peer');
  return spawnSync('bash', [script, join(CACHE, 'debian')]).status === 0 ? debian : undefined;
}

/** A real dockerd, as the measurements start it. */
export async function startDockerEngine(directory: string, programs: string): Promise<Engine> {
  const init = onPath('tini-static');
  const peer = await startDocker(directory, programs, init === undefined ? {} : { flags: ['--init-path', init] });
  return {
    name: 'docker',
    directory,
    socket: peer.socket,
    wrap: (command) => peer.wrap(command),
    pids: () => peer.pids(),
    [Symbol.asyncDispose]: async () => await peer[Symbol.asyncDispose](),
  };
}

/** Why clients cannot be run against both engines on this host, or undefined. */
export function missingForComparison(): string | undefined {
  if (onPath('docker') === undefined) return 'the docker client is not installed (apt-get install docker-cli)';
  return dockerPrograms() === undefined
    ? "there is no dockerd: neither Go nor Debian's package is to be had"
    : undefined;
}

/** Where a program is, or undefined. */
export function onPath(program: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.map((directory) => join(directory, program)).find((path) => existsSync(path));
}
