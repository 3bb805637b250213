import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import { DaemonProcess } from './daemon-process.ts';
import type { Peer } from './peer.ts';
import { endProcesses, processesOf } from './processes.ts';

const NETNS = `pouch-bench-${process.pid}`;
const CGROUP = `pouch-bench-docker-${process.pid}`;

/**
 * dockerd in a network namespace of its own, so that its rules and ours do not meet. `programs` holds its executables; more
 * flags of dockerd may be given.
 */
export async function startDocker(
  directory: string,
  programs: string,
  registryPort: number,
  flags: readonly string[] = [],
): Promise<Peer> {
  await exec('ip', ['netns', 'add', NETNS]);
  await exec('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up']);
  const wrap = (command: readonly string[]): string[] => ['nsenter', `--net=/run/netns/${NETNS}`, ...command];
  const socket = join(directory, 'docker.sock');
  const binary = existsSync(join(programs, 'dockerd')) ? join(programs, 'dockerd') : 'dockerd';
  const command = wrap([
    binary,
    '--data-root',
    join(directory, 'root'),
    '--exec-root',
    join(directory, 'exec'),
    '-H',
    `unix://${socket}`,
    '-p',
    join(directory, 'docker.pid'),
    '--live-restore',
    '--group',
    'root',
    '--cgroup-parent',
    `/${CGROUP}`,
    ...flags,
  ]);
  const environment = { PATH: `${programs}:${process.env.PATH}`, DOCKER_MIN_API_VERSION: '1.24' };
  const daemon = new DaemonProcess({ command, socket, log: join(directory, 'dockerd.log'), environment });
  const peer: Peer = {
    name: 'docker',
    directory,
    client: ['docker', '-H', `unix://${socket}`],
    environment: {},
    socket,
    registry: `127.0.0.1:${registryPort}`,
    wrap,
    pids: () => [daemon.pid, ...processesOf('containerd', directory)],
    restart: async (running) => {
      await daemon.stop();
      await endProcesses(processesOf('containerd', directory));
      return await daemon.start(running);
    },
    [Symbol.asyncDispose]: async () => {
      await exec('sh', ['-c', `docker -H unix://${socket} ps -aq | xargs -r docker -H unix://${socket} rm -f`], {
        timeout: 300_000,
        allowFailure: true,
      });
      await daemon.stop();
      await endProcesses([
        ...processesOf('containerd', directory),
        ...processesOf('containerd-shim-runc-v2', directory),
      ]);
      await unmountTree(directory);
      await exec('ip', ['netns', 'del', NETNS], { allowFailure: true });
      const find = ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${CGROUP}*`, '-exec', 'rmdir', '{}', '+'];
      await exec('find', find, { allowFailure: true });
    },
  };
  try {
    await daemon.start();
    return peer;
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
}
