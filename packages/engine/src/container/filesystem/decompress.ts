import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorMessage, PouchError } from '@pouch/base';

type Format = 'gzip' | 'zstd' | 'bzip2' | 'xz';

const MAGIC: readonly (readonly [Format, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const LONGEST_MAGIC = 6;

/**
 * An archive's plain bytes, whatever of gzip, zstd, bzip2 and xz it was compressed with. The first two are Node's; the others
 * go through the host's programs, which unpack into a pipe and nowhere else.
 */
export async function* decompress(
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = input[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_MAGIC) {
    const next = await iterator.next();
    if (next.done) break;
    head.push(next.value);
    length += next.value.length;
  }
  const start = Buffer.concat(head);
  const whole = chain(start, iterator);
  const format = MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0];
  if (!format) return yield* whole;
  yield* unpacked(format, whole, signal);
}

async function* chain(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* unpacked(
  format: Format,
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = Readable.from(input, { objectMode: false });
  try {
    if (format === 'gzip' || format === 'zstd') {
      const stream = format === 'gzip' ? createGunzip() : createZstdDecompress();
      source.on('error', (error) => stream.destroy(error));
      yield* source.pipe(stream) as AsyncIterable<Buffer>;
    } else {
      yield* throughProgram(format, source, signal);
    }
  } catch (error) {
    if (error instanceof PouchError) throw error;
    signal.throwIfAborted();
    throw new PouchError('invalid-argument', `The archive cannot be decompressed (${format}): ${errorMessage(error)}`, {
      cause: error,
    });
  } finally {
    source.destroy();
  }
}

async function* throughProgram(
  program: Format,
  source: Readable,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', signal, killSignal: 'SIGKILL' });
  const closed = once(child, 'close') as Promise<[number | null]>;
  closed.catch(() => {});
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaints.length < 4096) complaints += text;
  });
  child.stdin.on('error', () => {});
  source.on('error', () => child.kill('SIGKILL'));
  source.pipe(child.stdin);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code] = await closed;
    if (source.errored) throw source.errored;
    if (code !== 0) throw new Error(complaints.trim() || `${program} failed with ${String(code)}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new PouchError('unsupported', `${program} is not installed on this host: the archive cannot be unpacked.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    child.kill('SIGKILL');
    child.stdout.destroy();
  }
}
