import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { Duplex as DuplexStream } from 'node:stream';
import { createGzip } from 'node:zlib';
import { isInstalled } from './decompress.ts';

/** Programs that compress stdin to stdout as gzip, without name and time in the header, so that equal input stays equal. */
const PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ['igzip', '-c', '-2'],
  ['pigz', '-c', '-n', '-T', '-6'],
];

/** A stream that compresses to gzip by the fastest means on this host. */
export function gzipStream(signal?: AbortSignal): Duplex {
  const program = PROGRAMS.find(([name]) => isInstalled(name));
  if (!program) return createGzip({ level: 6, chunkSize: 256 << 10 });
  const [name, ...args] = program;
  const child = spawn(name, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  const stream = DuplexStream.from({ writable: child.stdin, readable: child.stdout });
  child.once('error', (error) => stream.destroy(error));
  child.once('close', (code) => {
    if (code !== 0) stream.destroy(new Error(`${name} ended with exit code ${code}`));
  });
  return stream;
}
