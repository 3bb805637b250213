import type { Output } from './output.ts';

/** The last lines of a terminal, drawn again in place. None may be so long that it wraps. */
export class LiveRegion {
  readonly #output: Output;
  #drawn = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  get isDrawn(): boolean {
    return this.#drawn > 0;
  }

  draw(lines: readonly string[]): void {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\r` : '';
    this.#output.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
    this.#drawn = lines.length;
  }

  /** Lines that stay, in place of the region: it is to be drawn anew below them. */
  above(lines: readonly string[]): void {
    this.erase();
    this.#output.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** What is drawn stays as it is. */
  keep(): void {
    this.#drawn = 0;
  }

  erase(): void {
    if (this.#drawn > 0) this.#output.write(`\u001b[${this.#drawn}A\r\u001b[J`);
    this.#drawn = 0;
  }
}
