import { appendFileSync, writeFileSync } from 'node:fs';
import type { Recorded } from './recording-proxy.ts';

/** Collects what was recorded: a line of JSON for each exchange in a file, and the faults, each once, with how often. */
export class ValidationReport {
  readonly #file: string | undefined;
  readonly #faults = new Map<string, { count: number; example: string }>();
  readonly #operations = new Map<string, number>();
  #count = 0;

  constructor(file?: string) {
    this.#file = file;
    if (file !== undefined) writeFileSync(file, '');
  }

  readonly add = ({ exchange, operation, version, faults }: Recorded): void => {
    this.#count += 1;
    this.#operations.set(operation, (this.#operations.get(operation) ?? 0) + 1);
    const { method, url, status } = exchange;
    for (const fault of faults) {
      // The same fault of another element is the same fault.
      const key = `${operation} ${status}: ${fault.replaceAll(/\[\d+\]/g, '[]').replaceAll(/\["[^"]*"\]/g, '["…"]')}`;
      const known = this.#faults.get(key);
      if (known) known.count += 1;
      else this.#faults.set(key, { count: 1, example: `${method} ${url} (1.${version})` });
    }
    if (this.#file !== undefined) {
      appendFileSync(
        this.#file,
        `${JSON.stringify({ method, url, version: `1.${version}`, operation, status, faults })}\n`,
      );
    }
  };

  readonly unreadable = (problem: string): void => {
    this.#faults.set(`unreadable: ${problem}`, { count: 1, example: '' });
  };

  get exchanges(): number {
    return this.#count;
  }

  get operations(): ReadonlyMap<string, number> {
    return this.#operations;
  }

  /** Each fault once. */
  get faults(): readonly string[] {
    return [...this.#faults].map(([fault, { count, example }]) => `${fault} (${count} ×; ${example})`).sort();
  }

  summary(): string {
    const lines = [`${this.#count} answers of ${this.#operations.size} operations, ${this.#faults.size} faults`];
    return [...lines, ...this.faults.map((fault) => `  ${fault}`)].join('\n');
  }
}
