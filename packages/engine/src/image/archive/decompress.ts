import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Duplex, PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorMessage, PouchError } from '@pouch/base';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['bzip2', Buffer.from('BZh')],
];
const LONGEST_MAGIC = 6;

/** Programs that decompress from stdin to stdout, fastest first. gzip's are several times as fast as zlib. */
const PROGRAMS: Readonly<Record<Exclude<Compression, 'none'>, readonly (readonly [string, ...string[]])[]>> = {
  gzip: [
    ['igzip', '-d', '-c'],
    ['unpigz', '-d', '-c'],
  ],
  zstd: [['zstd', '-d', '-c', '-q']],
  xz: [['xz', '-d', '-c', '-q']],
  bzip2: [['bzip2', '-d', '-c', '-q']],
};

export function detectCompression(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.length)))?.[0] ?? 'none';
}

/** The first bytes of a stream, and the whole stream. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; stream: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_MAGIC) {
    const next = await iterator.next();
    if (next.done) break;
    taken.push(next.value);
    length += next.value.length;
  }
  const stream = (async function* () {
    try {
      yield* taken;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  return { head: Buffer.concat(taken).subarray(0, LONGEST_MAGIC), stream };
}

/** The plain bytes of a stream, whatever it is packed with. Throws invalid-argument while reading a broken one. */
export async function decompressed(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ compression: Compression; stream: AsyncIterable<Uint8Array> }> {
  const { head, stream } = await peek(source);
  const compression = detectCompression(head);
  if (compression === 'none') return { compression, stream };
  return { compression, stream: unpack(compression, stream, signal) };
}

async function* unpack(
  compression: Exclude<Compression, 'none'>,
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const work = run(compression, source, output, either);
  work.catch((error: Error) => output.destroy(error));
  try {
    for await (const chunk of output) yield chunk as Buffer;
    await work;
  } finally {
    stop.abort();
  }
}

async function run(
  compression: Exclude<Compression, 'none'>,
  source: AsyncIterable<Uint8Array>,
  output: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  const program = PROGRAMS[compression].find(([name]) => isInstalled(name));
  if (program) {
    await runProgram(program, compression, source, output, signal);
    return;
  }
  const decoder = builtIn(compression);
  try {
    await pipeline(Readable.from(source, { objectMode: false }), decoder, output, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof PouchError ? error : broken(compression, errorMessage(error));
  }
}

function builtIn(compression: Exclude<Compression, 'none'>): Duplex {
  if (compression === 'gzip') return createGunzip({ chunkSize: 256 << 10 });
  if (compression === 'zstd') return createZstdDecompress({ chunkSize: 256 << 10 });
  throw new PouchError(
    'unsupported',
    `The archive is compressed with ${compression}, and no program for it is installed: install ${compression === 'xz' ? 'xz-utils' : compression}.`,
  );
}

async function runProgram(
  [name, ...args]: readonly [string, ...string[]],
  compression: Compression,
  source: AsyncIterable<Uint8Array>,
  output: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 1000) said += chunk.toString('utf8');
  });
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  // It may fail before anybody waits for it.
  exit.catch(() => {});
  // The program may stop reading early (trailing bytes, an error): its exit code tells which.
  const feed = pipeline(Readable.from(source, { objectMode: false }), child.stdin, { signal }).catch(
    (error: unknown) => {
      if (
        !(
          error instanceof Error &&
          'code' in error &&
          ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(String(error.code))
        )
      )
        throw error;
    },
  );
  try {
    // The output must not end before the exit code is known to be good.
    await pipeline(child.stdout, output, { signal, end: false });
    const code = await exit;
    await feed;
    if (code !== 0) throw broken(compression, said.trim() || `${name} exited with ${code}`);
    output.end();
  } catch (error) {
    child.kill('SIGKILL');
    feed.catch(() => {});
    signal.throwIfAborted();
    throw error;
  }
}

function broken(compression: Compression, reason: string): PouchError {
  return new PouchError('invalid-argument', `The archive is not valid ${compression}: ${reason}`);
}

const installed = new Map<string, boolean>();

/** Whether a program is on the path. Remembered for the life of the process. */
export function isInstalled(name: string): boolean {
  let known = installed.get(name);
  if (known === undefined) {
    known = (process.env.PATH ?? '').split(delimiter).some((directory) => {
      try {
        accessSync(join(directory, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
    installed.set(name, known);
  }
  return known;
}
