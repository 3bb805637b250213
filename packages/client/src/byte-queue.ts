/** Bytes queued before the source is asked to pause, and below which it may go on. */
const HIGH_WATER = 1 << 20;
const LOW_WATER = 1 << 18;

/**
 * A queue between a source that pushes bytes and one consumer that pulls them, with backpressure: `onPause` when much
 * is waiting, `onResume` when the consumer has caught up.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #done = false;
  #failure: Error | undefined;
  #paused = false;
  #wake: (() => void) | undefined;
  readonly #control: { onPause(): void; onResume(): void; onCancel(): void };

  constructor(control: { onPause(): void; onResume(): void; onCancel(): void }) {
    this.#control = control;
  }

  push(chunk: Uint8Array): void {
    if (this.#done || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#control.onPause();
    }
    this.#notify();
  }

  /** No more comes; with an error, the consumer sees it after what is queued. */
  end(error?: Error): void {
    if (this.#done) return;
    this.#done = true;
    this.#failure = error;
    this.#notify();
  }

  get ended(): boolean {
    return this.#done;
  }

  /** The next chunk, or undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#size -= chunk.length;
        if (this.#paused && this.#size < LOW_WATER) {
          this.#paused = false;
          this.#control.onResume();
        }
        return chunk;
      }
      if (this.#failure) throw this.#failure;
      if (this.#done) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Give up: what is queued is dropped and the source is told. */
  cancel(): void {
    this.#chunks = [];
    this.#size = 0;
    if (!this.#done) this.#control.onCancel();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let finished = false;
    try {
      for (;;) {
        const chunk = await this.next();
        if (!chunk) {
          finished = true;
          return;
        }
        yield chunk;
      }
    } finally {
      if (!finished) this.cancel();
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
