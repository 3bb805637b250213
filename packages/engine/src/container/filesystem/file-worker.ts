import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { PouchError } from '@pouch/base';
import type { Answer, AnswerMessage, OperationName, Request, RequestMessage } from './worker/protocol.ts';

/** Which calls leave something open, and which close it. */
const HOLDS: Readonly<Partial<Record<OperationName, boolean>>> = {
  openSource: true,
  openMountPoint: true,
  extractBegin: true,
  release: false,
  extractEnd: false,
};

/**
 * A thread that looks into containers. Its system calls are synchronous: fewer and cheaper than through libuv's pool, and a file
 * system that never answers (a dead NFS server, a FUSE program of the container's) holds up this thread and nothing else.
 */
export class FileWorker {
  readonly #worker: Worker;
  #settle: ((answer: AnswerMessage) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #dead: Error | undefined;
  #holding = false;
  readonly #exited: Promise<unknown>;

  constructor() {
    // Descriptors that it opened are closed when it ends, however it ends.
    this.#worker = new Worker(new URL('./worker/thread.ts', import.meta.url), {
      name: 'container files',
      trackUnmanagedFds: true,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    this.#worker.on('message', (answer: AnswerMessage) => this.#settle?.(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new PouchError('cancelled', 'The operation was cancelled.')));
    this.#exited = once(this.#worker, 'exit').catch(() => {});
    this.#worker.unref();
  }

  get alive(): boolean {
    return this.#dead === undefined;
  }

  /** Alive, at rest, and with nothing open: fit for the next caller. A call that failed has closed everything behind it. */
  get clean(): boolean {
    return this.alive && !this.#holding && this.#settle === undefined;
  }

  /** One call at a time. Throws what the thread threw, as a PouchError. */
  async call<K extends OperationName>(
    operation: K,
    request: Request<K>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Answer<K>> {
    if (this.#dead !== undefined) throw this.#dead;
    const { promise, resolve, reject } = Promise.withResolvers<AnswerMessage>();
    this.#settle = resolve;
    this.#fail = reject;
    this.#worker.ref();
    try {
      this.#worker.postMessage({ operation, request } satisfies RequestMessage, [...transfer]);
      const message = await promise;
      if (operation in HOLDS) this.#holding = HOLDS[operation] ?? false;
      if ('failure' in message) this.#holding = false;
      if ('failure' in message) throw new PouchError(message.failure.code ?? 'internal', message.failure.message);
      return message.answer as Answer<K>;
    } finally {
      this.#settle = undefined;
      this.#fail = undefined;
      this.#worker.unref();
    }
  }

  /** End it at once. It may sit in a system call that does not return; nobody waits for that. */
  terminate(): void {
    this.#end(new PouchError('cancelled', 'The operation was cancelled.'));
    void this.#worker.terminate();
  }

  /** Resolves when the thread has ended. */
  async ended(): Promise<void> {
    await this.#exited;
  }

  #end(reason: Error): void {
    this.#dead ??= reason;
    this.#fail?.(this.#dead);
  }
}
