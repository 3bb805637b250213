import { randomBytes } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { errorMessage } from '@pouch/base';
import { pack } from 'tar-stream';
import { ExitError } from '../app/errors.ts';
import { packContext, readPatterns } from './pack-context.ts';

/** What is sent as the context, and how the daemon finds the Dockerfile in it. */
export interface ClientContext {
  readonly body?: AsyncIterable<Uint8Array>;
  readonly remote?: string;
  readonly dockerfile: string;
}

const REMOTE = /^(?:https?:\/\/|git:\/\/|git@|github\.com\/|ssh:\/\/)/;

/** A directory, a URL, or `-` for standard input: an archive or a Dockerfile. */
export async function openContext(
  place: string,
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<ClientContext> {
  if (place === '-' && file === '-') {
    throw new ExitError(1, 'invalid argument: cannot use stdin for both build context and Dockerfile');
  }
  if (place === '-') return await fromStdin(stdin, file);
  const isDirectory = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
  if (!isDirectory && REMOTE.test(place)) {
    if (file === '-') throw new ExitError(1, 'a Dockerfile from stdin needs a local context');
    return { remote: place, dockerfile: file };
  }
  if (!isDirectory) throw new ExitError(1, `unable to prepare context: path "${place}" not found`);
  return await fromDirectory(await realpath(place), file, stdin, onBytes);
}

async function fromDirectory(
  directory: string,
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<ClientContext> {
  const path = file === '' || file === '-' ? join(directory, 'Dockerfile') : resolve(file);
  const patterns = await readPatterns(directory, path);
  const inside = relative(directory, await realpath(path).catch(() => path));
  const isInside = file !== '-' && !inside.startsWith('..') && !isAbsolute(inside);
  if (isInside) {
    const dockerfile = file === '' ? await defaultName(directory) : inside;
    const body = packContext(directory, { patterns, always: [dockerfile, '.dockerignore'], extra: [], onBytes });
    return { body, dockerfile };
  }
  const content = file === '-' ? await collect(stdin) : await readDockerfile(path);
  // Under a name that nobody has, and that no COPY takes along.
  const name = `.dockerfile.${randomBytes(10).toString('hex')}`;
  const ignore = await readFile(join(directory, '.dockerignore'), 'utf8').catch(() => '');
  const extra = [
    { name, content },
    { name: '.dockerignore', content: Buffer.from(`${ignore}\n.dockerignore\n${name}\n`) },
  ];
  return { body: packContext(directory, { patterns, always: [], extra, onBytes }), dockerfile: name };
}

async function readDockerfile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ExitError(1, `unable to prepare context: ${errorMessage(error)}`);
  }
}

async function defaultName(directory: string): Promise<string> {
  for (const name of ['Dockerfile', 'dockerfile']) {
    if (await stat(join(directory, name)).catch(() => undefined)) return name;
  }
  throw new ExitError(
    1,
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: ${join(directory, 'Dockerfile')}: no such file or directory`,
  );
}

/** An archive, compressed or not, goes as it is; anything else is a Dockerfile. */
async function fromStdin(stdin: AsyncIterable<Uint8Array>, file: string): Promise<ClientContext> {
  const iterator = stdin[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  for (let length = 0; length < 512; ) {
    const next = await iterator.next();
    if (next.done) break;
    taken.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(taken);
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* taken;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  if (isArchive(head)) return { body: whole(), dockerfile: file };
  if (head.length === 0) throw new ExitError(1, 'unable to prepare context: nothing came from stdin');
  const tar = pack();
  const content = await collect(whole());
  tar.entry({ name: 'Dockerfile' }, content);
  tar.finalize();
  return { body: tar as unknown as AsyncIterable<Uint8Array>, dockerfile: 'Dockerfile' };
}

const MAGIC: readonly Buffer[] = [
  Buffer.from([0x1f, 0x8b, 0x08]),
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  Buffer.from('BZh'),
];

function isArchive(head: Buffer): boolean {
  return (
    MAGIC.some((magic) => magic.equals(head.subarray(0, magic.length))) || head.toString('latin1', 257, 262) === 'ustar'
  );
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
