import { background, PouchError, Semaphore } from '@pouch/base';
import { FileWorker } from './file-worker.ts';

export interface WorkerPoolOptions {
  /** Threads at work at the same time; more callers wait. */
  readonly limit: number;
  /** Milliseconds that an idle thread is kept for the next caller. */
  readonly idleMs: number;
  /** Idle threads that are kept. Default 1. */
  readonly keep?: number;
}

/** Milliseconds that an aborted thread is given to end; one in a system call that does not return never does. */
const PATIENCE_MS = 2_000;

/** Threads for work in containers' file systems: made on demand, used by one caller at a time, one kept warm for a while. */
export class WorkerPool implements Disposable {
  readonly #options: WorkerPoolOptions;
  readonly #turns: Semaphore;
  readonly #idle: FileWorker[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #busy = new Set<FileWorker>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#turns = new Semaphore(options.limit);
  }

  /** Use a thread alone. On abort it is ended at once, wherever it is; `use` then throws `cancelled`. */
  async run<T>(signal: AbortSignal | undefined, use: (worker: FileWorker) => Promise<T>): Promise<T> {
    return await this.#turns.run(async () => {
      if (signal?.aborted) throw new PouchError('cancelled', 'The operation was cancelled.');
      const worker = this.#take();
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      aborted.catch(() => {});
      const abort = (): void => {
        worker.terminate();
        // What the caller lent to the thread is not taken back before it has ended; one that hangs has its own by then.
        const cancelled = (): void => reject(new PouchError('cancelled', 'The operation was cancelled.'));
        const timer = setTimeout(cancelled, PATIENCE_MS);
        background(
          worker.ended().finally(() => {
            clearTimeout(timer);
            cancelled();
          }),
          cancelled,
        );
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#busy.add(worker);
      try {
        // Not waiting for `use` itself: it may wait for a stream that never goes on.
        return await Promise.race([use(worker), aborted]);
      } catch (error) {
        // A call to the dead thread fails before the thread has ended.
        if (signal?.aborted) await aborted;
        throw error;
      } finally {
        signal?.removeEventListener('abort', abort);
        this.#busy.delete(worker);
        this.#giveBack(worker);
      }
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#endIdle();
    for (const worker of this.#busy) worker.terminate();
  }

  #take(): FileWorker {
    const worker = this.#idle.pop();
    clearTimeout(this.#timer);
    return worker?.alive ? worker : new FileWorker();
  }

  #giveBack(worker: FileWorker): void {
    if (this.#idle.length >= (this.#options.keep ?? 1) || !worker.clean) {
      worker.terminate();
      return;
    }
    this.#idle.push(worker);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#endIdle(), this.#options.idleMs);
    this.#timer.unref();
  }

  #endIdle(): void {
    for (const worker of this.#idle.splice(0)) worker.terminate();
  }
}
