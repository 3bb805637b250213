import type { OutputChunk, StreamName } from '../container-service.ts';
import { type Spool, SpoolFile } from './spool.ts';
import type { SpoolHold, SpoolPump } from './spool-pump.ts';

const CHUNK = 64 * 1024;

/**
 * Live output for one client, straight from the spool at the client's own pace: a slow one costs disk space, never
 * memory, and holds nobody else back. From its making on, the bytes behind its offsets are kept for it.
 */
export class SpoolReader implements Disposable {
  readonly #pump: SpoolPump;
  readonly #files = new Map<StreamName, SpoolFile>();
  readonly #hold: SpoolHold;

  constructor(
    spool: Spool,
    pump: SpoolPump,
    from: Readonly<Record<StreamName, number>>,
    wanted: readonly StreamName[],
  ) {
    this.#pump = pump;
    for (const stream of wanted) this.#files.set(stream, new SpoolFile(spool.path(stream), from[stream]));
    this.#hold = { offset: (stream) => this.#files.get(stream)?.offset ?? Number.MAX_SAFE_INTEGER };
    pump.hold(this.#hold);
  }

  /** Until the run's output has ended and all of it was given, or the signal aborts. */
  async *read(signal: AbortSignal): AsyncGenerator<OutputChunk, void, undefined> {
    while (!signal.aborted) {
      const { ended } = this.#pump;
      // Subscribed before the files are looked at: nothing written between look and wait is missed.
      const settled = new AbortController();
      const changed = this.#pump.changed(AbortSignal.any([signal, settled.signal]));
      let count = 0;
      for (const [stream, file] of this.#files) {
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(file.pending, 1)));
        const read = file.read(buffer);
        count += read;
        if (read > 0) yield { stream, data: buffer.subarray(0, read) };
      }
      if (count > 0 || ended) settled.abort();
      if (count === 0 && ended) return;
      await changed;
    }
  }

  [Symbol.dispose](): void {
    this.#pump.release(this.#hold);
    for (const file of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
  }
}
