import { once } from 'node:events';
import { parentPort, Worker, type WorkerOptions } from 'node:worker_threads';
import { asPouchError, type ErrorCode, PouchError } from './errors.ts';

/** What a thread's program can be called for: functions of one request. Requests and answers are structured clones. */
type Functions<F> = { readonly [K in keyof F]: (request: never) => unknown };
export type ThreadRequest<F extends Functions<F>, K extends keyof F> = Parameters<F[K]>[0];
export type ThreadAnswer<F extends Functions<F>, K extends keyof F> = Awaited<ReturnType<F[K]>>;

interface Call<F> {
  readonly name: keyof F;
  readonly request: unknown;
}

type Outcome =
  | { readonly answer: unknown }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

/** Any number of notes, then the outcome: of one call before the next is made. */
type Message<Note> = { readonly note: Note } | Outcome;

export interface ThreadCallOptions<Note> {
  /** Buffers that go over to the thread instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Hears what the thread has to say before it answers. */
  readonly onNote?: (note: Note) => void;
}

/**
 * Calls a thread whose program answers with `answerCalls`. A thread that has ended, of itself or by `terminate`, stays so: what
 * it had open is gone, and only its owner knows whether another one can go on. It keeps the process alive only during a call.
 */
export class ThreadCaller<F extends Functions<F>, Note = never> {
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  #dead: PouchError | undefined;
  #waiting: (PromiseWithResolvers<Outcome> & { readonly onNote: ((note: Note) => void) | undefined }) | undefined;

  constructor(program: URL, options: WorkerOptions & { readonly name: string }) {
    this.#worker = new Worker(program, options);
    this.#worker.on('message', (message: Message<Note>) => {
      if ('note' in message) this.#waiting?.onNote?.(message.note);
      else this.#waiting?.resolve(message);
    });
    this.#worker.on('error', (error) => this.#end(asPouchError(error)));
    this.#worker.on('exit', () => this.#end(new PouchError('internal', `The thread '${options.name}' ended early.`)));
    this.#exited = once(this.#worker, 'exit').catch(() => {});
    this.#worker.unref();
  }

  get alive(): boolean {
    return this.#dead === undefined;
  }

  /** Whether a call waits for its answer. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** One call at a time. Throws what the thread threw, or what it died of, as a PouchError. */
  async call<K extends keyof F>(
    name: K,
    request: ThreadRequest<F, K>,
    { transfer = [], onNote }: ThreadCallOptions<Note> = {},
  ): Promise<ThreadAnswer<F, K>> {
    if (this.#dead !== undefined) throw this.#dead;
    const waiting = { ...Promise.withResolvers<Outcome>(), onNote };
    this.#waiting = waiting;
    this.#worker.ref();
    try {
      this.#worker.postMessage({ name, request } satisfies Call<F>, [...transfer]);
      const outcome = await waiting.promise;
      if ('failure' in outcome) throw new PouchError(outcome.failure.code, outcome.failure.message);
      return outcome.answer as ThreadAnswer<F, K>;
    } finally {
      this.#waiting = undefined;
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

  #end(reason: PouchError): void {
    this.#dead ??= reason;
    this.#waiting?.reject(this.#dead);
  }
}

/**
 * The thread's own side: answers a ThreadCaller with these functions. `onFailure` tidies up before the caller hears of an error,
 * and returns the one that it hears of.
 */
export function answerCalls<F extends Functions<F>, Note = never>(
  functions: {
    readonly [K in keyof F]: (request: ThreadRequest<F, K>, tell: (note: Note) => void) => ReturnType<F[K]>;
  },
  onFailure: (error: unknown) => unknown = (error) => error,
): void {
  const send = (message: Message<Note>): void => parentPort?.postMessage(message);
  const tell = (note: Note): void => send({ note });
  const answer = async ({ name, request }: Call<F>): Promise<Outcome> => {
    try {
      return { answer: await (functions[name] as (...given: readonly unknown[]) => unknown)(request, tell) };
    } catch (error) {
      const { code, message } = asPouchError(onFailure(error));
      return { failure: { code, message } };
    }
  };
  parentPort?.on('message', (call: Call<F>) => void answer(call).then(send));
}
