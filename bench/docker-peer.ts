import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import { DaemonProcess } from './daemon-process.ts';
import type { Peer } from './peer.ts';
import { endProcesses, processesOf } from './processes.ts';

export interface DockerOptions {
  /** More flags of dockerd. */
  readonly flags?: readonly string[];
  /** In the names of what is the host's. Default: this process's id. */
  readonly id?: string;
}

/** dockerd in a network namespace of its own, so that its rules and ours do not meet. `programs` holds its executables. */
export async function startDocker(
  directory: string,
  programs: string,
  { flags = [], id = String(process.pid) }: DockerOptions = {},
): Promise<Peer> {
  const netns = `pouch-bench-${id}`;
  const cgroup = `pouch-bench-docker-${id}`;
  await exec('ip', ['netns', 'add', netns]);
  await exec('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  const wrap = (command: readonly string[]): string[] => ['nsenter', `--net=/run/netns/${netns}`, ...command];
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
    `/${cgroup}`,
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
      await exec('ip', ['netns', 'del', netns], { allowFailure: true });
      const find = ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${cgroup}*`, '-exec', 'rmdir', '{}', '+'];
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
