import { styleText } from 'node:util';

const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** Colours on a terminal only. */
export function paint(style: 'red' | 'green' | 'dim' | 'bold', text: string): string {
  return isTerminal ? styleText(style, text) : text;
}

/**
 * Tells how a part of the tests goes: on a terminal in one line that is written over, elsewhere with a line per file, so that
 * a run that is cut off shows how far it came.
 */
export class Progress {
  readonly #name: string;
  readonly #start = performance.now();
  #files = 0;

  constructor(name: string) {
    this.#name = name;
  }

  running(what: string): void {
    if (isTerminal) this.#write(`  … ${this.#name.padEnd(8)} ${what}`);
  }

  finished(what: string, ok: boolean, milliseconds: number): void {
    this.#files += 1;
    const took = `${(milliseconds / 1000).toFixed(0)} s`;
    if (!isTerminal) console.log(`    ${ok ? 'ok  ' : 'FAIL'} ${took.padStart(5)} ${what}`);
    else this.#write(`  … ${this.#name.padEnd(8)} ${this.#files} done, last ${what}`);
  }

  /** The line that stays. */
  end(ok: boolean, text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(0);
    const mark = ok ? paint('green', '✓') : paint('red', '✗');
    if (isTerminal) process.stdout.write('\r\x1b[K');
    console.log(`  ${mark} ${this.#name.padEnd(8)} ${text}${paint('dim', `, ${seconds} s`)}`);
  }

  #write(line: string): void {
    process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  }
}
