import type { FileWorker } from './file-worker.ts';

/** Bytes that go to the thread at a time: its answer is the only brake. */
const PORTION = 512 * 1024;

/** Push a stream into the thread's extraction. While it writes one portion the next is collected; more is never held. */
export async function feed(worker: FileWorker, input: AsyncIterable<Uint8Array>): Promise<void> {
  let busy: Promise<void> = Promise.resolve();
  let portion = new Uint8Array(PORTION);
  let filled = 0;
  const send = async (): Promise<void> => {
    await busy;
    const bytes = portion.subarray(0, filled);
    busy = worker.call('extractChunk', { bytes }, { transfer: [portion.buffer] });
    // Awaited before the next portion and at the end; a failure in between must not count as unhandled.
    busy.catch(() => {});
    portion = new Uint8Array(PORTION);
    filled = 0;
  };
  for await (const chunk of input) {
    for (let start = 0; start < chunk.length; ) {
      const length = Math.min(PORTION - filled, chunk.length - start);
      portion.set(chunk.subarray(start, start + length), filled);
      filled += length;
      start += length;
      if (filled === PORTION) await send();
    }
  }
  if (filled > 0) await send();
  await busy;
}
