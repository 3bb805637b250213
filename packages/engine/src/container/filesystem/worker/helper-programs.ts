import { spawnSync } from 'node:child_process';
import { PouchError } from '@pouch/base';

/** What Node has no call for (mknod, extended attributes) is done by the host's small programs, for this long at most. */
const TIMEOUT_MS = 10_000;

/**
 * Run a host program with descriptors as its 3, 4, …: it names files as `/proc/self/fd/3/<name>`, so that a path is never looked
 * up from the host's root. Returns what it complained of, or undefined. Throws unsupported when it is not installed.
 */
export function runHelper(
  program: string,
  args: readonly (string | Buffer)[],
  descriptors: readonly number[],
  input?: Buffer,
): string | undefined {
  // An argument is bytes to the kernel; only text passes through spawn, so that a name that is none must be linked first.
  const result = spawnSync(program, args.map(String), {
    stdio: ['pipe', 'ignore', 'pipe', ...descriptors],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
    ...(input && { input }),
    // Options in the environment (TAR_OPTIONS) must not change what the programs do.
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  if (result.error && 'code' in result.error && result.error.code === 'ENOENT') {
    throw new PouchError('unsupported', `${program} is not installed on this host.`, { cause: result.error });
  }
  if (result.status === 0) return undefined;
  return (
    result.stderr?.toString('utf8').trim() ||
    result.error?.message ||
    `${program} failed with ${String(result.status ?? result.signal)}`
  );
}
