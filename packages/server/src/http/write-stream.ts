import type { Writable } from 'node:stream';

/** Resolves when the stream takes more, or never will: check `destroyed`. */
export async function drained(out: Writable): Promise<void> {
  if (!out.writableNeedDrain || out.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      out.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    out.on('drain', done).on('close', done).on('error', done);
  });
}

/** Write every chunk, no faster than the reader takes them. Returns early when the reader is gone. */
export async function writeAll(out: Writable, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  for await (const chunk of chunks) {
    if (out.destroyed || out.writableEnded) return;
    if (!out.write(chunk)) await drained(out);
    if (out.destroyed) return;
  }
}
