import { PouchError } from '@pouch/base';

/**
 * Reading JSON that strangers wrote. A `JsonReader` walks a parsed document by key, remembers where it is, and throws
 * invalid-argument that names the place (`manifest.layers[2].size`) for whatever has the wrong type. `null` counts as
 * absent, as in Go's decoder.
 */
export class JsonReader {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  /** Parse text or UTF-8 bytes of at most `limit` bytes. */
  static parse(data: string | Uint8Array, limit: number, path: string): JsonReader {
    if (data.length > limit) {
      throw new PouchError('too-large', `${path} has ${data.length} bytes; at most ${limit} are accepted`);
    }
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    try {
      return new JsonReader(JSON.parse(text), path);
    } catch (error) {
      throw new PouchError('invalid-argument', `${path} is not valid JSON`, { cause: error });
    }
  }

  /** What was parsed, unchecked. */
  get value(): unknown {
    return this.#value;
  }

  get path(): string {
    return this.#path;
  }

  get exists(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  get isString(): boolean {
    return typeof this.#value === 'string';
  }

  get isArray(): boolean {
    return Array.isArray(this.#value);
  }

  /** The value under a key; a reader of nothing where the key is absent. */
  get(key: string): JsonReader {
    const path = `${this.#path}.${key}`;
    return this.exists ? new JsonReader(ownValue(this.#object(), key), path) : new JsonReader(undefined, path);
  }

  fail(problem: string): PouchError {
    return new PouchError('invalid-argument', `${this.#path} ${problem}`);
  }

  string(): string {
    if (typeof this.#value !== 'string') throw this.fail('must be a string');
    return this.#value;
  }

  /** An integer that JavaScript holds exactly. */
  integer(): number {
    if (!Number.isSafeInteger(this.#value)) throw this.fail('must be an integer');
    return this.#value as number;
  }

  /** An unsigned 64-bit integer; a bigint where a number cannot hold it (see parseExactJson). */
  uint64(): number | bigint {
    const value = this.#value;
    if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return value;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.fail('must be an unsigned 64-bit integer');
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw this.fail('must be true or false');
    return this.#value;
  }

  /** The elements; none for an absent value. */
  array(limit = 10_000): JsonReader[] {
    if (!this.exists) return [];
    if (!Array.isArray(this.#value)) throw this.fail('must be an array');
    if (this.#value.length > limit)
      throw this.fail(`has ${this.#value.length} elements; at most ${limit} are accepted`);
    return this.#value.map((element, index) => new JsonReader(element, `${this.#path}[${index}]`));
  }

  strings(limit?: number): string[] {
    return this.array(limit).map((element) => element.string());
  }

  /** Key and value pairs; none for an absent value. */
  entries(limit = 10_000): [string, JsonReader][] {
    if (!this.exists) return [];
    const entries = Object.entries(this.#object());
    if (entries.length > limit) throw this.fail(`has ${entries.length} keys; at most ${limit} are accepted`);
    return entries.map(([key, value]) => [key, new JsonReader(value, `${this.#path}.${key}`)]);
  }

  stringMap(): Record<string, string> {
    return Object.fromEntries(this.entries().map(([key, value]) => [key, value.string()]));
  }

  /** The keys of a Go set (`map[string]struct{}`), as on the wire. */
  keySet(): Record<string, Record<string, never>> {
    return Object.fromEntries(this.entries().map(([key]) => [key, {}]));
  }

  /** `read` applied to this value, or undefined where it is absent. */
  optional<T>(read: (reader: JsonReader) => T): T | undefined {
    return this.exists ? read(this) : undefined;
  }

  optionalString(): string | undefined {
    return this.optional((reader) => reader.string());
  }

  #object(): object {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail('must be an object');
    return value;
  }
}

function ownValue(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/** An object type whose optional keys may also hold undefined: what a reader yields before `compact`. */
type Loose<T> = { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] };

/** A copy without the keys whose value is undefined. */
export function compact<T extends object>(object: Loose<T>): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
