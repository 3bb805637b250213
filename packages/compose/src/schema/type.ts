import { parseBytes, parseDuration } from '@pouch/base';
import type { Problems } from '../tree/problems.ts';
import { describe, type Location, plain, type ScalarNode, type Tree } from '../tree/tree.ts';

/** What a value must be: it decodes a tree, and reports what is wrong where it stands. */
export interface Type<T> {
  /** undefined after a problem was reported. */
  decode(node: Tree, path: string, problems: Problems): T | undefined;
}

export type Static<T> = T extends Type<infer V> ? V : never;

export type Fields = Readonly<Record<string, Type<unknown>>>;
export type ObjectOf<F extends Fields> = { readonly [K in keyof F]?: Static<F[K]> };

function scalarType<T>(expected: string, read: (node: ScalarNode) => T | undefined): Type<T> {
  return {
    decode(node, path, problems) {
      let reason = '';
      if (node.kind === 'scalar' && node.value !== null) {
        try {
          const value = read(node);
          if (value !== undefined) return value;
        } catch (error) {
          reason = error instanceof Error ? `: ${error.message}` : '';
        }
      }
      problems.error(node.at, `${path} must be ${expected}, found ${describe(node)}${reason}`);
      return undefined;
    },
  };
}

export const str: Type<string> = scalarType('a text', (node) =>
  typeof node.value === 'string' ? node.value : node.text,
);

const TRUE = new Set(['true', 'y', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'n', 'no', 'off', '0']);

/** Texts count too: a variable leaves one behind. */
export const bool: Type<boolean> = scalarType('true or false', (node) => {
  if (typeof node.value === 'boolean') return node.value;
  const text = node.text.toLowerCase();
  return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
});

export const int: Type<number> = scalarType('a whole number', (node) => {
  const value = typeof node.value === 'number' ? node.value : /^[+-]?\d+$/.test(node.text) ? Number(node.text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
});

export const number: Type<number> = scalarType('a number', (node) => {
  const value = typeof node.value === 'number' ? node.value : node.text.trim() === '' ? NaN : Number(node.text);
  return Number.isFinite(value) ? value : undefined;
});

/** Bytes, from a number or a text such as `512m`. */
export const bytes: Type<number> = scalarType('a size such as 512m', (node) =>
  node.text === '-1' ? -1 : parseBytes(node.text),
);

/** Milliseconds, from a text such as `1m30s`; a bare number counts nanoseconds there. */
export const duration: Type<number> = scalarType('a duration such as 1m30s', (node) =>
  /^\d+$/.test(node.text) ? Number(node.text) / 1e6 : parseDuration(dayless(node.text)),
);

/** Compose knows days and weeks, Go's notation does not. */
function dayless(text: string): string {
  return text.replace(
    /(\d+)([dw])/g,
    (_, count: string, unit: string) => `${Number(count) * (unit === 'd' ? 24 : 168)}h`,
  );
}

/** A file mode: octal as it is written, `0440` and `"0440"` alike. */
export const fileMode: Type<number> = scalarType('a file mode such as 0440', (node) => {
  const text = node.text.replace(/^0o/, '');
  return /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : undefined;
});

export function oneOf<const T extends readonly string[]>(...values: T): Type<T[number]> {
  return scalarType(`one of ${values.join(', ')}`, (node) => values.find((value) => value === node.text));
}

/** A text that must match. */
export function pattern(expression: RegExp, expected: string): Type<string> {
  return scalarType(expected, (node) => (expression.test(node.text) ? node.text : undefined));
}

/** true, or a text. */
export const boolOrStr: Type<boolean | string> = scalarType('a text or true', (node) =>
  typeof node.value === 'boolean' ? node.value : node.text,
);

export function listOf<T>(type: Type<T>): Type<readonly T[]> {
  return {
    decode(node, path, problems) {
      if (node.kind !== 'list') {
        problems.error(node.at, `${path} must be a list, found ${describe(node)}`);
        return undefined;
      }
      return node.items.flatMap((item, index) => {
        const value = type.decode(item, `${path}[${index}]`, problems);
        return value === undefined ? [] : [value];
      });
    },
  };
}

export function mapOfType<T>(type: Type<T>): Type<Readonly<Record<string, T>>> {
  return {
    decode(node, path, problems) {
      if (node.kind !== 'map') {
        problems.error(node.at, `${path} must be a map, found ${describe(node)}`);
        return undefined;
      }
      const entries: [string, T][] = [];
      for (const [key, entry] of node.entries) {
        const value = type.decode(entry.value, `${path}.${key}`, problems);
        if (value !== undefined) entries.push([key, value]);
      }
      return Object.fromEntries(entries);
    },
  };
}

/** The type, or nothing. */
export function orNull<T>(type: Type<T>): Type<T | null> {
  return {
    decode: (node, path, problems) =>
      node.kind === 'scalar' && node.value === null ? null : type.decode(node, path, problems),
  };
}

/** A value or nothing, as a text: environment variables, labels, driver options. */
export const textOrNull: Type<string | null> = orNull(str);

/** Any value, taken as it is. */
export const anything: Type<unknown> = { decode: (node) => plain(node) };

/** A field that Pouch knows and cannot act on: using it is an error that says why. */
export function refused<T>(reason: string): Type<T> {
  return {
    decode(node, path, problems) {
      problems.error(node.at, `${path} is not supported: ${reason}`);
      return undefined;
    },
  };
}

/** A field without effect here: using it is a warning that says why. */
export function ignored<T>(type: Type<T>, reason: string): Type<T> {
  return {
    decode(node, path, problems) {
      problems.warn(node.at, `${path} has no effect: ${reason}`);
      return type.decode(node, path, problems);
    },
  };
}

export interface ObjectOptions {
  readonly required?: readonly string[];
  /** More checks once every field is decoded. */
  readonly check?: (value: Readonly<Record<string, unknown>>, at: Location, path: string, problems: Problems) => void;
}

/** A map with these fields, `x-` fields aside. An unknown one is an error that names its nearest relative. */
export function object<const F extends Fields>(fields: F, options: ObjectOptions = {}): Type<ObjectOf<F>> {
  return {
    decode(node, path, problems) {
      if (node.kind !== 'map') {
        problems.error(node.at, `${path || 'a Compose file'} must be a map, found ${describe(node)}`);
        return undefined;
      }
      const result: Record<string, unknown> = {};
      const prefix = path === '' ? '' : `${path}.`;
      for (const [key, entry] of node.entries) {
        if (key.startsWith('x-')) {
          result[key] = plain(entry.value);
          continue;
        }
        const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
        if (!type) {
          problems.error(entry.at, `${prefix}${key} is not known${nearest(key, Object.keys(fields))}`);
          continue;
        }
        // Nothing as a value is as if the field were not there, save where the type knows it.
        const value =
          entry.value.kind === 'scalar' && entry.value.value === null && !NULLABLE.has(type)
            ? undefined
            : type.decode(entry.value, `${prefix}${key}`, problems);
        if (value !== undefined) result[key] = value;
      }
      for (const key of options.required ?? []) {
        if (!node.entries.has(key)) problems.error(node.at, `${path} needs ${key}`);
      }
      options.check?.(result, node.at, path, problems);
      return result as ObjectOf<F>;
    },
  };
}

const NULLABLE = new WeakSet<Type<unknown>>();

/** A field whose null differs from its absence. */
export function nullable<T>(type: Type<T>): Type<T | null> {
  const result = orNull(type);
  NULLABLE.add(result);
  return result;
}

function nearest(key: string, known: readonly string[]): string {
  const plainKey = key.toLowerCase().replaceAll(/[-_]/g, '');
  const found = known.find((name) => {
    const other = name.replaceAll('_', '');
    // The same letters in another order are the commonest slip.
    if (letters(other) === letters(plainKey)) return true;
    return Math.abs(other.length - plainKey.length) <= 1 && differences(other, plainKey) <= 1;
  });
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}

function letters(text: string): string {
  return text.split('').toSorted().join('');
}

/** Letters put in, left out or changed, up to 2. */
function differences(a: string, b: string): number {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return Math.max(a.length, b.length) - start - end;
}
