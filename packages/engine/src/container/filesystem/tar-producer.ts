import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';
import { type Logger, PouchError } from '@pouch/base';

export interface TarRequest {
  /** O_PATH descriptor of the directory to start in. */
  readonly directory: number;
  /** What to take from there: `.` for all of it, or names, as byte strings. */
  readonly members: readonly string[];
  /** The name of `.` in the archive; '' for none, so that names begin with a slash. Names keep as they are. */
  readonly root?: string;
  /** Without times and in the order of names, so that equal files make equal archives. */
  readonly timeless?: boolean;
  readonly signal: AbortSignal;
}

const MAX_COMPLAINTS = 16 * 1024;

/**
 * The host's GNU tar writes the archives. It looks at files by fstatat and openat in open directories, never through a symlink,
 * opens only regular files and those without blocking; it does so in a process that can be killed when a file system hangs;
 * it reads extended attributes, for which Node has no call; and its bytes pass through a pipe at a gigabyte a second.
 *
 * pax headers only where ustar cannot say it; times in whole seconds and of the extended attributes the file capabilities, as
 * Docker does. A file that changes or vanishes meanwhile is noted in the log and is no failure; sockets are left out.
 */
export async function* produceTar(request: TarRequest, logger: Logger): AsyncGenerator<Uint8Array, void, undefined> {
  const child = start(request);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaints.length < MAX_COMPLAINTS) complaints += text;
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  closed.catch(() => {});
  const abort = (): void => void child.kill('SIGKILL');
  request.signal.addEventListener('abort', abort, { once: true });
  try {
    if (request.signal.aborted) throw new PouchError('cancelled', 'The operation was cancelled.');
    child.stdin.on('error', () => {});
    child.stdin.end(Buffer.from(request.members.map((name) => `${name}\0`).join(''), 'latin1'));
    let bytes = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
    const [code, killed] = await closed;
    if (request.signal.aborted) throw new PouchError('cancelled', 'The operation was cancelled.');
    if (killed !== null || code === null || bytes === 0) {
      throw new PouchError(
        'internal',
        `tar could not read the container's files: ${complaints.trim() || String(killed ?? code)}`,
      );
    }
    if (code !== 0) logger.debug('tar had complaints', { code, complaints: complaints.trim() });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new PouchError('unsupported', 'tar is not installed on this host.', { cause: error });
    }
    throw error;
  } finally {
    request.signal.removeEventListener('abort', abort);
    child.kill('SIGKILL');
    child.stdout.destroy();
  }
}

function start({ directory, root, members, timeless }: TarRequest): ChildProcessByStdio<Writable, Readable, Readable> {
  const args = [
    '--create',
    '--file=-',
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime,delete=mtime',
    '--xattrs',
    '--xattrs-include=security.capability',
    '--numeric-owner',
    '--absolute-names',
    '--ignore-failed-read',
    ...(timeless ? ['--mtime=@0', '--sort=name'] : []),
    '--blocking-factor=64',
    '--directory=/proc/self/fd/3',
    ...(members[0] === '.' ? [`--transform=flags=rhS;s,^\\.,${escape(root ?? '.')},`] : []),
    '--null',
    '--verbatim-files-from',
    '--files-from=-',
  ];
  return spawn('tar', args, {
    stdio: ['pipe', 'pipe', 'pipe', directory],
    cwd: '/',
    // TAR_OPTIONS of the daemon's environment must not come in.
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
  }) as unknown as ChildProcessByStdio<Writable, Readable, Readable>;
}

/** For the replacement in tar's `s,…,…,`. */
function escape(name: string): string {
  return name.replace(/[\\&,\n]/g, '\\$&');
}
