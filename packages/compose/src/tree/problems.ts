import { PouchError } from '@pouch/base';
import type { Location } from './tree.ts';

/** `file:line:column`, the notation that editors jump to. */
export function place(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** What is wrong with a file at one place. */
export function problemAt(at: Location, message: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `${place(at)}: ${message}`, cause === undefined ? {} : { cause });
}

/** Faults of a project, collected so that all are told at once, and warnings. */
export class Problems {
  readonly #errors: string[] = [];
  readonly #warnings: string[] = [];

  error(at: Location, message: string): void {
    this.#errors.push(`${place(at)}: ${message}`);
  }

  warn(at: Location | undefined, message: string): void {
    const line = at ? `${place(at)}: ${message}` : message;
    if (!this.#warnings.includes(line)) this.#warnings.push(line);
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Throws invalid-argument with every error, a line each. */
  throwIfAny(): void {
    if (this.#errors.length > 0) throw new PouchError('invalid-argument', [...new Set(this.#errors)].join('\n'));
  }
}
