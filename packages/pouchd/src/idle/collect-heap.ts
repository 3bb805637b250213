import { getHeapStatistics } from 'node:v8';
import type { Logger } from '@pouch/base';
import type { IdleTask } from './idle-watch.ts';

/** How much the heap must have grown since the last collection for another to be worth its pause. */
const GROWTH = 1.1;

/** V8's collector, there with `--expose-gc`; `last-resort` also drops compiled code that is no longer used. */
type Collect = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/**
 * Gives the heap's memory back. V8 collects while a program allocates, so that a daemon at rest keeps what its start and its
 * last burst of work left: some 15 MB. A collection takes 40 ms, so it waits for a pause. Does nothing without `--expose-gc`.
 */
export function collectHeap(logger: Logger): IdleTask {
  const collect = Reflect.get(globalThis, 'gc') as Collect | undefined;
  let floor = 0;
  return {
    name: 'collect the heap',
    after: 5000,
    run() {
      const before = heapUsed();
      if (!collect || before < floor * GROWTH) return;
      collect({ type: 'major', flavor: 'last-resort' });
      floor = heapUsed();
      logger.debug('memory was given back', { before, after: floor });
    },
  };
}

/** Bytes. */
function heapUsed(): number {
  return getHeapStatistics().used_heap_size;
}
