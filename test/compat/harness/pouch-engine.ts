import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exec } from '@pouch/base';
import { DaemonProcess } from '../../../bench/daemon-process.ts';
import type { Engine } from './engine.ts';

const MAIN = resolve(import.meta.dirname, '../../../packages/pouchd/src/main.ts');

/** pouchd from its sources, in a network namespace of its own: every port is free there, as in dockerd's. */
export async function startPouchEngine(directory: string): Promise<Engine> {
  const name = `pouch-compat-${process.pid}`;
  await exec('ip', ['netns', 'add', name]);
  await exec('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const wrap = (command: readonly string[]): string[] => ['nsenter', `--net=/run/netns/${name}`, ...command];
  const socket = join(directory, 'run/pouchd.sock');
  const own = { root: join(directory, 'root'), state: join(directory, 'run'), 'cgroup-parent': `/${name}`, group: '' };
  const flags = Object.entries(own).flatMap(([flag, value]) => [`--${flag}`, value]);
  const command = wrap([process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...flags]);
  const daemon = new DaemonProcess({ command, socket, log: join(directory, 'pouchd.log') });
  const engine: Engine = {
    name: 'pouch',
    directory,
    socket,
    wrap,
    pids: () => [daemon.pid, Number(readFileSync(join(directory, 'run/containerd.pid'), 'utf8'))],
    [Symbol.asyncDispose]: async () => {
      await daemon.stop();
      await exec('nsenter', [...command.slice(1), '--tear-down'], { timeout: 120_000 });
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
