import type { Writable } from 'node:stream';
import { drained } from '@pouch/base';

/** Write every chunk, no faster than the reader takes them. Returns early when the reader is gone. */
export async function writeAll(out: Writable, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  for await (const chunk of chunks) {
    if (out.destroyed || out.writableEnded) return;
    if (!out.write(chunk)) await drained(out);
    if (out.destroyed) return;
  }
}
