import { Worker } from 'node:worker_threads';
import { errnoCode, PouchError } from '@pouch/base';
import type { JobKind, JobMessage, LayerJobs, ThreadMessage } from './thread/protocol.ts';

/** A thread that works on layers' directories with blocking calls; started with its first job. */
export class LayerThread implements Disposable {
  #worker: Worker | undefined;
  #fail: (reason: unknown) => void = () => {};
  #pids: readonly number[] = [];

  /** One job at a time. Throws `internal` with what went wrong; an abort, after which it is of no use, throws its reason. */
  async run<K extends JobKind>(
    kind: K,
    job: LayerJobs[K]['job'],
    signal?: AbortSignal,
  ): Promise<LayerJobs[K]['answer']> {
    signal?.throwIfAborted();
    const worker = (this.#worker ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<LayerJobs[K]['answer']>();
    const onMessage = (message: ThreadMessage): void => {
      if ('started' in message) {
        this.#pids = message.started;
        if (signal?.aborted) this.#kill();
        return;
      }
      this.#pids = [];
      if ('problem' in message) reject(new PouchError('internal', message.problem));
      else resolve(message.answer as LayerJobs[K]['answer']);
    };
    const onAbort = (): void => this.#kill();
    worker.on('message', onMessage);
    this.#fail = reject;
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      worker.postMessage({ kind, job } satisfies JobMessage<K>);
      return await promise;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      worker.off('message', onMessage);
    }
  }

  [Symbol.dispose](): void {
    void this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./thread/thread.ts', import.meta.url), { name: 'layers' });
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new PouchError('internal', 'The thread that works on a layer ended early.')));
    return worker;
  }

  /** The thread reaps them only at its job's end: until then the ids are theirs. */
  #kill(): void {
    for (const pid of this.#pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (errnoCode(error) !== 'ESRCH') throw error;
      }
    }
  }
}
