import { type BuildStep, type BuildView, isCancelled, type StepCount } from './build-progress.ts';

/** A build as lines, each with the number of its step, which is how Docker's clients write it: for logs and pipes. */
export class PlainView implements BuildView {
  readonly #write: (line: string) => void;
  /** Counts that have been told as done. */
  readonly #done = new Set<string>();
  /** Steps that have been told of, and whether there was something to tell since their end was. */
  readonly #told = new Map<number, boolean>();

  /** `write` gets lines without their break. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  begun({ number, name }: BuildStep): void {
    if (this.#told.has(number)) return;
    this.#tell(number, name);
  }

  line({ number }: BuildStep, text: string, at: number): void {
    this.#tell(number, `${(at / 1000).toFixed(3)} ${text.split('\r').at(-1)}`);
  }

  count({ number }: BuildStep, { id, current, total, done, elapsed }: StepCount): void {
    const key = `${number} ${id}`;
    if (!done || this.#done.has(key)) return;
    this.#done.add(key);
    const size = total > 0 ? ` ${bytes(current)} / ${bytes(total)}` : current > 0 ? ` ${bytes(current)}` : '';
    const time = elapsed >= 50 ? ` ${seconds(elapsed)}` : '';
    this.#tell(number, `${id}${size}${time} done`);
  }

  ended({ number, elapsed, cached, error }: BuildStep): void {
    if (error === undefined && this.#told.get(number) !== true) return;
    if (error !== undefined) this.#tell(number, isCancelled(error) ? 'CANCELED' : `ERROR: ${error}`);
    else this.#tell(number, cached ? 'CACHED' : `DONE ${seconds(elapsed)}`);
    this.#told.set(number, false);
    this.#write('');
  }

  warning(text: string): void {
    this.#write(`WARNING: ${text}`);
  }

  #tell(number: number, text: string): void {
    this.#told.set(number, true);
    this.#write(`#${number} ${text}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytes(count: number): string {
  let value = count;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(2)}${UNITS[unit]}`;
}
