import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { createReadStream, type Stats } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PathPatterns } from '@pouch/base';
import { type Header, type Pack, pack } from 'tar-stream';

export interface ContextOptions {
  readonly patterns: PathPatterns;
  /** Paths that go along whatever the patterns say. */
  readonly always: readonly string[];
  /** Files that are not in the directory. */
  readonly extra: readonly { readonly name: string; readonly content: Buffer }[];
  readonly onBytes: (bytes: number) => void;
}

/** What `.dockerignore` (or the Dockerfile's own, `NAME.dockerignore`) says. */
export async function readPatterns(directory: string, dockerfile: string): Promise<PathPatterns> {
  for (const path of [`${dockerfile}.dockerignore`, join(directory, '.dockerignore')]) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return PathPatterns.parse(text);
  }
  return PathPatterns.of([]);
}

/** A directory as a tar stream for the daemon: everything root's, links as links, sockets left out. */
export function packContext(directory: string, options: ContextOptions): AsyncIterable<Uint8Array> {
  const tar = pack();
  const work = async (): Promise<void> => {
    const root = await realpath(directory);
    await walk(tar, root, '', options);
    for (const { name, content } of options.extra)
      await entry(tar, { name, mode: 0o600, size: content.length }, content);
  };
  work().then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return counted(tar as unknown as AsyncIterable<Uint8Array>, options.onBytes);
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function walk(tar: Pack, root: string, above: string, options: ContextOptions): Promise<void> {
  const { patterns, always, extra } = options;
  const names = (await readdir(join(root, above))).toSorted();
  for (const name of names) {
    const path = above === '' ? name : `${above}/${name}`;
    if (extra.some((file) => file.name === path)) continue;
    const stat = await lstat(join(root, path));
    const leftOut = patterns.excludes(path) && !always.includes(path);
    if (stat.isDirectory()) {
      const needed = always.some((file) => file.startsWith(`${path}/`));
      if (!leftOut) await entry(tar, { ...headerOf(stat, `${path}/`), type: 'directory' });
      if (!leftOut || needed || patterns.mayHoldIncluded(path)) await walk(tar, root, path, options);
    } else if (!leftOut) await addFile(tar, join(root, path), path, stat);
  }
}

type NamedHeader = Partial<Header> & Pick<Header, 'name'>;

function headerOf(stat: Stats, name: string): NamedHeader {
  return { name, mode: stat.mode & 0o7777, mtime: stat.mtime, uid: 0, gid: 0 };
}

async function addFile(tar: Pack, path: string, name: string, stat: Stats): Promise<void> {
  const header = headerOf(stat, name);
  if (stat.isSymbolicLink()) await entry(tar, { ...header, type: 'symlink', linkname: await readlink(path) });
  else if (stat.isFIFO()) await entry(tar, { ...header, type: 'fifo' });
  else if (stat.isFile()) await stream(tar, { ...header, type: 'file', size: stat.size }, path);
}

async function entry(tar: Pack, header: NamedHeader, content?: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (content) tar.entry(header, content, done);
    else tar.entry(header, done);
  });
}

/** Not beyond the size that the header promises, should the file be growing. */
async function stream(tar: Pack, header: NamedHeader & { readonly size: number }, path: string): Promise<void> {
  const { promise: written, resolve, reject } = Promise.withResolvers<void>();
  const target = tar.entry(header, (error) => (error ? reject(error) : resolve()));
  const feed = async (): Promise<void> => {
    const source = header.size > 0 ? createReadStream(path, { end: header.size - 1, highWaterMark: 256 << 10 }) : [];
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (target.destroyed) return;
      if (!target.write(chunk)) await drained(target);
    }
    target.end(undefined);
  };
  feed().catch(reject);
  await written;
}

/** Resolves when the entry takes more, or never will. */
async function drained(target: ReturnType<Pack['entry']>): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      target.off('drain', done).off('close', done);
      resolve();
    };
    target.on('drain', done).on('close', done);
  });
}
