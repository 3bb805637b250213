import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exec } from '@pouch/base';
import { DaemonProcess } from '../../../bench/daemon-process.ts';
import { POUCHD } from '../../harness/programs.ts';
import type { Engine } from './engine.ts';

const BUILT = resolve(import.meta.dirname, '../../../dist/pouchd');

/** Which pouchd: the one of the tests, or as it is built for users, for what is measured. */
export type PouchBuild = 'tested' | 'built';

/** pouchd in a network namespace of its own: every port is free there, as in dockerd's. */
export async function startPouchEngine(directory: string, build: PouchBuild = 'tested'): Promise<Engine> {
  const name = `pouch-compat-${process.pid}`;
  await exec('ip', ['netns', 'add', name]);
  await exec('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const wrap = (command: readonly string[]): string[] => ['nsenter', `--net=/run/netns/${name}`, ...command];
  const socket = join(directory, 'run/pouchd.sock');
  const own = { root: join(directory, 'root'), state: join(directory, 'run'), 'cgroup-parent': `/${name}`, group: '' };
  const flags = Object.entries(own).flatMap(([flag, value]) => [`--${flag}`, value]);
  const command = wrap([...(build === 'built' ? [BUILT] : POUCHD), ...flags]);
  const daemon = new DaemonProcess({ command, socket, log: join(directory, 'pouchd.log') });
  const engine: Engine = {
    name: 'pouch',
    directory,
    socket,
    wrap,
    pids: () => [daemon.pid, Number(readFileSync(join(directory, 'run/containerd.pid'), 'utf8'))],
    [Symbol.asyncDispose]: async () => {
      await daemon.stop();
      const [program, ...args] = [...command, '--tear-down'];
      await exec(program as string, args, { timeout: 120_000 });
      await exec('ip', ['netns', 'del', name]);
    },
  };
  try {
    await daemon.start();
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}
