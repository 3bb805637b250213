import { background, errorMessage, type Logger } from '@pouch/base';

export interface SandboxPoolOptions<T> {
  readonly name: string;
  /** How many to keep ready; 0 keeps none. */
  readonly size: number;
  readonly make: () => Promise<T>;
  /** False while none should be prepared (addresses run short). */
  readonly mayFill: () => boolean;
  readonly log: Logger;
}

const MAX_GROWTH = 4;
/** A pause before refilling, so that it does not compete with the start of the container that took one. */
const REFILL_DELAY_MS = 120;
const SHRINK_MS = 60_000;
const RETRY_MS = 5000;

/**
 * Things prepared ahead. It grows up to four times its size while it is found empty, and shrinks back when it was not
 * for a minute.
 */
export class SandboxPool<T> {
  readonly #options: SandboxPoolOptions<T>;
  #ready: T[] = [];
  #target: number;
  #filling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastMiss = 0;
  #closed = false;

  constructor(options: SandboxPoolOptions<T>) {
    this.#options = options;
    this.#target = options.size;
  }

  get ready(): number {
    return this.#ready.length;
  }

  /** Put in what an earlier daemon left prepared. */
  adopt(item: T): void {
    if (!this.#ready.includes(item)) this.#ready.push(item);
  }

  /** One that is ready, or undefined: then make one yourself. */
  take(): T | undefined {
    const item = this.#ready.shift();
    if (!item) {
      this.#target = Math.min(Math.max(1, this.#target) * 2, this.#options.size * MAX_GROWTH);
      this.#lastMiss = Date.now();
    } else if (this.#target > this.#options.size && Date.now() - this.#lastMiss > SHRINK_MS) {
      this.#target = Math.max(this.#options.size, Math.floor(this.#target / 2));
      this.#lastMiss = Date.now();
    }
    this.#schedule(this.#ready.length === 0 ? 0 : REFILL_DELAY_MS);
    return item;
  }

  /** Fill up now; resolves when full, or when making one failed. */
  async fill(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#filling ??= this.#fillUp().finally(() => {
      this.#filling = undefined;
    });
    await this.#filling;
  }

  /** Stop filling; what is ready stays, recorded, for the next daemon. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#filling;
  }

  /** Take all that is ready. */
  drain(): T[] {
    return this.#ready.splice(0);
  }

  #schedule(delay: number): void {
    if (this.#closed || this.#timer || this.#filling) return;
    this.#timer = setTimeout(() => background(this.fill(), () => {}), delay);
    this.#timer.unref();
  }

  async #fillUp(): Promise<void> {
    try {
      while (!this.#closed && this.#ready.length < this.#target && this.#options.mayFill()) {
        this.#ready.push(await this.#options.make());
      }
    } catch (error) {
      const { log, name } = this.#options;
      log.warn('cannot prepare a network namespace', { pool: name, error: errorMessage(error) });
      setTimeout(() => this.#schedule(0), RETRY_MS).unref();
    }
  }
}
