import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorMessage, PouchError } from '@pouch/base';
import { extract } from 'tar-stream';

export interface TarEntry {
  /** Relative, with neither `.` nor `..` in it. */
  readonly path: string;
  readonly type: 'file' | 'link';
  /** Of a symbolic or hard link: the entry it means, as a path of this archive. */
  readonly target?: string;
  /** Bytes of `content`. */
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
}

/** Far above the few thousand files of the largest archives. */
const ENTRY_LIMIT = 200_000;

/**
 * The files and links of a tar stream (plain, gzip or zstd), one after another; each one's content must be read, or is skipped,
 * before the next comes. Throws invalid-argument for what is no tar, is cut off, or has a path that leaves the archive.
 */
export async function* readTarEntries(archive: Readable): AsyncGenerator<TarEntry> {
  const { source, stages } = await unpackerFor(archive);
  const tar = extract();
  const abort = new AbortController();
  const feeding = pipeline([source, ...stages, tar], { signal: abort.signal });
  feeding.catch(() => {});
  let count = 0;
  try {
    for await (const entry of tar) {
      count += 1;
      if (count > ENTRY_LIMIT) throw invalid(`has more than ${ENTRY_LIMIT} entries`);
      const parsed = parseEntry(entry.header, contentOf(entry as unknown as AsyncIterable<Buffer>));
      if (parsed) yield parsed;
      entry.resume();
    }
    await feeding;
  } catch (error) {
    throw unreadable(error);
  } finally {
    abort.abort();
    archive.destroy();
  }
}

/** A cut-off archive shows in the entry that is being read. */
async function* contentOf(entry: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw unreadable(error);
  }
}

interface Header {
  readonly name: string;
  readonly type?: string | null;
  readonly linkname?: string | null;
  readonly size?: number;
}

function parseEntry(header: Header, content: AsyncIterable<Buffer>): TarEntry | undefined {
  const path = normalisePath(header.name, '');
  if (header.type === 'file' || header.type === 'contiguous-file') {
    return { path, type: 'file', size: header.size ?? 0, content };
  }
  if (header.type !== 'symlink' && header.type !== 'link') return undefined;
  // A symbolic link starts from its own directory, a hard link from the archive's root.
  const from = header.type === 'symlink' ? path.split('/').slice(0, -1).join('/') : '';
  return { path, type: 'link', target: normalisePath(header.linkname ?? '', from), size: 0, content };
}

function normalisePath(name: string, from: string): string {
  if (name.startsWith('/') || name.includes('\0')) throw invalid(`holds the unsafe path ${JSON.stringify(name)}`);
  const parts = from === '' ? [] : from.split('/');
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw invalid(`holds the unsafe path ${JSON.stringify(name)}`);
  }
  return parts.join('/');
}

type Stage = ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;

/** Look at the first bytes, and give the whole stream back with what unpacks it. */
async function unpackerFor(archive: Readable): Promise<{ source: Readable; stages: Stage[] }> {
  const iterator = (archive as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < 6) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  const start = Buffer.concat(chunks);
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { source: Readable.from(rest(), { objectMode: false }), stages: stagesFor(start) };
}

function stagesFor(start: Buffer): Stage[] {
  const hex = start.subarray(0, 6).toString('hex');
  if (hex.startsWith('1f8b')) return [createGunzip()];
  if (hex.startsWith('28b52ffd')) return [createZstdDecompress()];
  if (hex.startsWith('425a68')) throw invalid('is packed with bzip2; unpack it first (bunzip2)');
  if (hex.startsWith('fd377a585a00')) throw invalid('is packed with xz; unpack it first (unxz)');
  return [];
}

function unreadable(error: unknown): PouchError {
  return error instanceof PouchError ? error : invalid(`cannot be read: ${errorMessage(error)}`, error);
}

function invalid(problem: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `the image archive ${problem}`, { cause });
}
