import { readFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exec } from '@pouch/base';
import { DaemonProcess } from './daemon-process.ts';
import type { Peer } from './peer.ts';
import { endProcesses, processesOf } from './processes.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** pouchd and pouch as scripts/install lays them out, with a Node.js of their own. Returns where they are. */
async function install(directory: string): Promise<string> {
  const [bin, lib] = [join(directory, 'bin'), join(directory, 'lib')];
  await mkdir(directory, { recursive: true });
  await cp(join(ROOT, 'dist/lib'), lib, { recursive: true });
  await cp(process.execPath, join(lib, 'node'));
  await exec(process.execPath, [join(ROOT, 'scripts/build/installed-programs.ts'), bin, lib, lib]);
  return bin;
}

/** The built pouchd and pouch, with directories, bridge and tables of their own: `id` is in the names of what is the host's. */
export async function startPouch(directory: string, id = String(process.pid)): Promise<Peer> {
  const socket = join(directory, 'run/pouchd.sock');
  const flags = [
    '--root',
    join(directory, 'root'),
    '--state',
    join(directory, 'run'),
    '--bridge',
    `pb${id}`,
    '--network-table',
    `pouch_bench_${id}`,
    '--cgroup-parent',
    `/pouch-bench-${id}`,
    '--group',
    '',
  ];
  const programs = await install(join(directory, 'usr'));
  const program = join(programs, 'pouchd');
  const daemon = new DaemonProcess({ command: [program, ...flags], socket, log: join(directory, 'pouchd.log') });
  await daemon.start();
  return {
    name: 'pouch',
    directory,
    client: [join(programs, 'pouch')],
    environment: { POUCH_HOST: `unix://${socket}` },
    socket,
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
