import { setTimeout as delay } from 'node:timers/promises';
import { PouchError } from './errors.ts';

/** Wait for `ms` milliseconds; rejects with an AbortError when `signal` aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : undefined);
}

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** First pause in milliseconds; doubles each time up to `maxDelay`, with ±20 % jitter. */
  readonly delay: number;
  readonly maxDelay?: number;
  readonly signal?: AbortSignal;
  readonly retryIf?: (error: unknown) => boolean;
}

export async function retry<T>(operation: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  let pause = options.delay;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt >= options.attempts || options.signal?.aborted || options.retryIf?.(error) === false) throw error;
      await sleep(pause * (0.8 + Math.random() * 0.4), options.signal);
      pause = Math.min(pause * 2, options.maxDelay ?? 30_000);
    }
  }
}

/** Run `operation` on one key at a time, in order of arrival; different keys run side by side. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, operation: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(operation, operation);
    const tail = mine.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  isBusy(key: string): boolean {
    return this.#tails.has(key);
  }
}

/** At most `limit` operations at once; the rest wait in order. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await operation();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/** The value of `promise`, or a `deadline-exceeded` error that says `what` after `ms` milliseconds. */
export async function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new PouchError('deadline-exceeded', `${what} did not finish within ${ms} ms.`)),
    ms,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error handler for work that nobody waits for: `void background(work, onError)` never leaves a rejection unhandled. */
export function background(work: Promise<unknown>, onError: (error: unknown) => void): void {
  work.catch(onError);
}
