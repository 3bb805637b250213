import { getHeapStatistics } from 'node:v8';
import type { Logger } from '@pouch/base';

/** Milliseconds between two looks. */
const INTERVAL = 5000;
/** How much the heap must have grown since the last collection for another to be worth its pause. */
const GROWTH = 1.1;

/** V8's collector, there with `--expose-gc`; `last-resort` also drops compiled code that is no longer used. */
type Collect = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/**
 * Gives memory back once requests have paused. V8 collects while a program allocates, so that a daemon at rest keeps what its
 * start and its last burst of work left: some 15 MB. A collection takes 40 ms, so it waits for an interval without requests.
 * Does nothing without `--expose-gc`.
 */
export class IdleCollector implements Disposable {
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #collect: Collect | undefined = Reflect.get(globalThis, 'gc') as Collect | undefined;
  readonly #requests: () => number;
  readonly #logger: Logger;
  #seen = -1;
  #floor = 0;

  /** `requests` counts the requests that have come so far. */
  constructor(dependencies: { readonly requests: () => number; readonly logger: Logger }) {
    this.#requests = dependencies.requests;
    this.#logger = dependencies.logger;
    if (this.#collect) this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  #look(): void {
    const requests = this.#requests();
    const isQuiet = requests === this.#seen;
    this.#seen = requests;
    const before = heapUsed();
    if (!isQuiet || before < this.#floor * GROWTH) return;
    this.#collect?.({ type: 'major', flavor: 'last-resort' });
    this.#floor = heapUsed();
    this.#logger.debug('memory was given back', { before, after: this.#floor });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Bytes. */
function heapUsed(): number {
  return getHeapStatistics().used_heap_size;
}
