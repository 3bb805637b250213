import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import { DaemonProcess } from './daemon-process.ts';
import type { Peer } from './peer.ts';

const NETNS = 'pouch-bench-docker';

/** dockerd in a network namespace of its own, so that its rules and ours do not meet. `programs` holds its executables. */
export async function startDocker(directory: string, programs: string, registryPort: number): Promise<Peer> {
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
  ]);
  const environment = { PATH: `${programs}:${process.env.PATH}`, DOCKER_MIN_API_VERSION: '1.24' };
  const daemon = new DaemonProcess({ command, socket, log: join(directory, 'dockerd.log'), environment });
  await daemon.start();
  return {
    name: 'docker',
    client: ['docker', '-H', `unix://${socket}`],
    environment: {},
    socket,
    registry: `127.0.0.1:${registryPort}`,
    wrap,
    pids: () => [daemon.pid, ...childrenNamed(daemon.pid, 'containerd')],
    restart: async () => {
      await daemon.stop();
      return await daemon.start();
    },
    [Symbol.asyncDispose]: async () => {
      await exec('sh', ['-c', `docker -H unix://${socket} ps -aq | xargs -r docker -H unix://${socket} rm -f`], {
        timeout: 300_000,
        allowFailure: true,
      });
      for (const pid of childrenNamed(daemon.pid, 'containerd')) process.kill(pid, 'SIGTERM');
      await daemon.stop();
      await unmountTree(directory);
      await exec('ip', ['netns', 'del', NETNS]);
    },
  };
}

function childrenNamed(parent: number, name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, command, rest] = /\((.*)\) (.*)$/s.exec(stat) ?? [];
        return command === name && Number(rest?.split(' ')[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}
