import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exec } from '@pouch/base';
import { DaemonProcess } from './daemon-process.ts';
import type { Peer } from './peer.ts';
import { endProcesses, processesOf } from './processes.ts';

const DIST = resolve(import.meta.dirname, '../dist');

/** The built pouchd and pouch, with directories, bridge and tables of their own. */
export async function startPouch(directory: string, registryPort: number): Promise<Peer> {
  const socket = join(directory, 'run/pouchd.sock');
  const flags = [
    '--root',
    join(directory, 'root'),
    '--state',
    join(directory, 'run'),
    '--bridge',
    `pb${process.pid}`,
    '--network-table',
    `pouch_bench_${process.pid}`,
    '--cgroup-parent',
    `/pouch-bench-${process.pid}`,
    '--group',
    '',
  ];
  const program = join(DIST, 'pouchd');
  const daemon = new DaemonProcess({ command: [program, ...flags], socket, log: join(directory, 'pouchd.log') });
  await daemon.start();
  return {
    name: 'pouch',
    directory,
    client: [join(DIST, 'pouch')],
    environment: { POUCH_HOST: `unix://${socket}` },
    socket,
    registry: `127.0.0.1:${registryPort}`,
    wrap: (command) => [...command],
    pids: () => [daemon.pid, Number(readFileSync(join(directory, 'run/containerd.pid'), 'utf8'))],
    restart: async (running) => {
      await daemon.stop();
      await endProcesses(processesOf('containerd', directory));
      return await daemon.start(running);
    },
    [Symbol.asyncDispose]: async () => {
      await daemon.stop();
      await exec(program, [...flags, '--tear-down'], { timeout: 120_000 });
    },
  };
}
