import { PouchError } from '@pouch/base';

const CONTROL: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** Bytes of Docker's notation: `ctrl-p,ctrl-q`, `a,ctrl-@`. Throws `invalid-argument`. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), (key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const match = /^ctrl-(.)$/.exec(key);
    const letter = match?.[1] ?? '';
    if (/^[a-z]$/.test(letter)) return letter.charCodeAt(0) - 96;
    const code = CONTROL[letter];
    if (code === undefined) throw new PouchError('invalid-argument', `Unknown character: '${key}' in detach keys`);
    return code;
  });
}

export const DEFAULT_DETACH_KEYS = parseDetachKeys('ctrl-p,ctrl-q');

/** Watches typed bytes for the detach sequence, holding back a beginning of it until it is sure what it becomes. */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** The bytes to pass on, and whether the sequence was completed (what follows it is dropped). */
  push(chunk: Uint8Array): { pass: Uint8Array; detached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detached: false };
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      pass.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = 0;
      if (byte === this.#keys[0]) {
        this.#matched = 1;
        if (this.#keys.length === 1) return { pass: Uint8Array.from(pass), detached: true };
      } else pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
