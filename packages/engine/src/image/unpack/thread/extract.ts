import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import type { ExtractJob } from './protocol.ts';

/** A pipe's file descriptors. */
interface Ends {
  readonly read: number;
  readonly write: number;
}

/**
 * Extract a layer: decompressor → sha256 here → tar. Pipes are read and written with blocking calls, which costs a third of what
 * streams do; killing the processes, which `onStarted` is told of, ends it. Resolves with the digest of the uncompressed layer;
 * throws what the programs said.
 */
export async function extract(job: ExtractJob, onStarted: (pids: readonly number[]) => void): Promise<string> {
  const blob = openSync(job.blob, 'r');
  const [packed, plain] = pipes(job.directory);
  const unpacker = job.decompress.length > 0 ? start(job, job.decompress, blob, packed.write) : undefined;
  const tar = start(job, job.tar, plain.read, 'ignore');
  closeSync(plain.read);
  closeSync(packed.write);
  onStarted([unpacker?.pid, tar.pid].filter((pid) => pid !== undefined));
  const digest = pump(unpacker ? packed.read : blob, plain.write);
  closeSync(plain.write);
  closeSync(packed.read);
  closeSync(blob);
  const problem = (await unpacker?.end) || (await tar.end);
  if (problem) throw new Error(problem);
  return digest;
}

/** Both ends of two pipes, blocking. Opened in this order none of the calls waits. */
function pipes(directory: string): [Ends, Ends] {
  const paths = [0, 1].map(() => `${directory}/../pipe-${randomBytes(6).toString('hex')}`);
  execFileSync('mkfifo', ['-m', '600', ...paths]);
  return paths.map((path) => {
    const both = openSync(path, constants.O_RDWR);
    const read = openSync(path, constants.O_RDONLY);
    const write = openSync(path, constants.O_WRONLY);
    closeSync(both);
    unlinkSync(path);
    return { read, write };
  }) as [Ends, Ends];
}

function start(
  job: ExtractJob,
  command: readonly string[],
  input: number,
  output: number | 'ignore',
): { pid: number | undefined; end: Promise<string> } {
  const [name = '', ...args] = [...job.widen, ...command];
  const child = spawn(name, args, { cwd: job.directory, stdio: [input, output, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Uint8Array) => {
    if (said.length < 500) said += Buffer.from(chunk).toString('utf8');
  });
  const end = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : said.trim() || `${command[0]}: ${code ?? signal}`));
  });
  return { pid: child.pid, end };
}

/** Hand on all bytes, and compute their digest. */
function pump(source: number, target: number): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  // What follows the archive's end is not tar's business, but part of the layer.
  let open = true;
  for (;;) {
    const length = readSync(source, buffer, 0, buffer.length, null);
    if (length === 0) return `sha256:${hash.digest('hex')}`;
    const chunk = buffer.subarray(0, length);
    hash.update(chunk);
    try {
      for (let at = 0; open && at < length; ) at += writeSync(target, chunk, at);
    } catch {
      open = false;
    }
  }
}
