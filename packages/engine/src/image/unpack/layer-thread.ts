import { errnoCode, type ThreadAnswer, ThreadCaller, type ThreadRequest } from '@pouch/base';
import type { JobKind, LayerJobs, Started } from './thread/protocol.ts';

/** A thread that works on layers' directories with blocking calls; started with its first job, and anew if it has died. */
export class LayerThread implements Disposable {
  #thread: ThreadCaller<LayerJobs, Started> | undefined;
  #pids: Started = [];

  /** One job at a time. Throws `internal` with what went wrong; an abort, after which it is of no use, throws its reason. */
  async run<K extends JobKind>(
    kind: K,
    job: ThreadRequest<LayerJobs, K>,
    signal?: AbortSignal,
  ): Promise<ThreadAnswer<LayerJobs, K>> {
    signal?.throwIfAborted();
    if (!this.#thread?.alive)
      this.#thread = new ThreadCaller(new URL('./thread/thread.ts', import.meta.url), { name: 'layers' });
    const onAbort = (): void => this.#kill();
    const onNote = (started: Started): void => {
      this.#pids = started;
      if (signal?.aborted) this.#kill();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#thread.call(kind, job, { onNote });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      this.#pids = [];
      signal?.removeEventListener('abort', onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#thread?.terminate();
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
