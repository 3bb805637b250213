import { chmod, chown, lstat, mkdir, readFile, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { errnoCode, type Logger, PouchError } from '@pouch/base';
import type { UnixListenOptions } from './listen-options.ts';
import { listening } from './listening.ts';

/** What fits into sockaddr_un.sun_path with its final zero. */
const PATH_LIMIT = 107;
const DEFAULT_GROUP = 'pouch';
const DEFAULT_MODE = 0o660;

/**
 * Bind `server` to a unix socket that only root and the group can open, from its first moment on. A socket that a dead
 * daemon left is replaced; one on which somebody answers is not (`conflict`), nor is any other file.
 */
export async function listenUnix(server: Server, options: UnixListenOptions, logger: Logger): Promise<void> {
  const path = options.unix;
  if (Buffer.byteLength(path) > PATH_LIMIT) {
    throw new PouchError('invalid-argument', `the socket path ${path} is longer than the ${PATH_LIMIT} bytes allowed`);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await removeStale(path, logger);
  // bind(2) happens within listen(), so nobody else's files are made under this mask.
  const mask = process.umask(0o177);
  let bound: Promise<void>;
  try {
    bound = listening(server, () => server.listen({ path }));
  } finally {
    process.umask(mask);
  }
  await bound;
  const group = await findGroup(options.group ?? DEFAULT_GROUP);
  if (group !== undefined) await chown(path, 0, group);
  else if (options.group !== undefined && options.group !== DEFAULT_GROUP) {
    logger.warn('the group of the API socket does not exist; only root can connect', { group: options.group, path });
  }
  await chmod(path, options.mode ?? DEFAULT_MODE);
}

async function removeStale(path: string, logger: Logger): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!stat) return;
  if (!stat.isSocket()) {
    throw new PouchError('conflict', `${path} exists and is no socket; move it away, or listen on another path`);
  }
  if (await answers(path)) {
    throw new PouchError('conflict', `another daemon answers on ${path}; stop it, or listen on another path`);
  }
  logger.debug('a stale socket is replaced', { path });
  await unlink(path).catch((error: unknown) => {
    if (errnoCode(error) !== 'ENOENT') throw error;
  });
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => resolve(true));
  socket.on('error', (error) => {
    const code = errnoCode(error);
    if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
    // EAGAIN: its backlog is full, so somebody is there.
    else if (code === 'EAGAIN') resolve(true);
    else reject(error);
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** The id of a group in /etc/group (or the number given), or undefined. */
async function findGroup(name: string): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [group, , id] = line.split(':');
    if (group === name && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
