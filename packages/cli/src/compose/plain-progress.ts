import type { Progress, StepState } from '@pouch/compose';
import type { Output } from '../output/output.ts';

/** The steps of a command as lines, each change once: for logs, pipes and screen readers. */
export class PlainProgress implements Progress, Disposable {
  readonly #output: Output;
  readonly #last = new Map<string, string>();

  constructor(output: Output) {
    this.#output = output;
  }

  step(id: string, status: string, state: StepState, note = ''): void {
    // The bytes of a pull change all the time; its end is a status of its own.
    const shown = state === 'working' ? status : `${status}${note && `: ${note}`}`;
    if (this.#last.get(id) === shown) return;
    this.#last.set(id, shown);
    this.#output.write(` ${id}  ${shown}\n`);
  }

  output(id: string, line: string): void {
    this.#output.write(` ${id} | ${line}\n`);
  }

  warn(message: string): void {
    this.#output.write(`WARN ${message}\n`);
  }

  [Symbol.dispose](): void {
    this.#last.clear();
  }
}

/** Nothing but warnings. */
export class QuietProgress implements Progress, Disposable {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  step(): void {}

  output(): void {}

  warn(message: string): void {
    this.#output.write(`WARN ${message}\n`);
  }

  [Symbol.dispose](): void {}
}
