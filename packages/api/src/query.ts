import { PouchError } from '@pouch/base';
import { parseJson } from './schema/parse.ts';
import { dict, type JsonSchema, list, type Schema, str } from './schema/type.ts';
import { versionAtLeast } from './version.ts';

/** How one parameter of a query travels. */
export interface QueryField<T> {
  readonly schema: JsonSchema;
  readonly description: string | undefined;
  /** It may be given several times. */
  readonly repeated?: true;
  readonly required?: true;
  /** How it is not what Docker's is, and why. */
  readonly differs?: string;
  /** First API version that knows it. */
  readonly since?: string;
  /** The value's JSON, not the value itself, is in the URL. */
  readonly encoded?: true;
  /** undefined: as if it had not been given. Throws invalid-argument. */
  decode(values: readonly string[], name: string): T | undefined;
  encode(value: T): readonly string[];
}

export type QueryFields = Readonly<Record<string, QueryField<unknown>>>;

type ValueOf<F> = F extends { decode(values: readonly string[], name: string): infer T }
  ? Exclude<T, undefined>
  : never;
type RequiredNames<F extends QueryFields> = {
  [K in keyof F]: F[K] extends { readonly required: true } ? K : never;
}[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** The TypeScript type of a decoded query. */
export type QueryValues<F extends QueryFields> = Flat<
  { readonly [K in RequiredNames<F>]: ValueOf<F[K]> } & {
    readonly [K in Exclude<keyof F, RequiredNames<F>>]?: ValueOf<F[K]>;
  }
>;

const FALSE = new Set(['', '0', 'no', 'false', 'none']);
const first = (values: readonly string[]): string => values[0] ?? '';

/** Docker's rule: '', 0, no, false and none are false in any case, and anything else is true. */
export function parseQueryBoolean(text: string): boolean {
  return !FALSE.has(text.trim().toLowerCase());
}

export const query = {
  bool: (description?: string): QueryField<boolean> => ({
    schema: { type: 'boolean' },
    description,
    decode: (values) => parseQueryBoolean(first(values)),
    encode: (value) => [value ? '1' : '0'],
  }),

  int: (description?: string): QueryField<number> => ({
    schema: { type: 'integer', format: 'int64' },
    description,
    decode: (values, name) => {
      const text = first(values).trim();
      if (text === '') return undefined;
      if (!/^[+-]?\d{1,19}$/.test(text))
        throw invalid(name, `expected an integer, got ${JSON.stringify(text.slice(0, 80))}`);
      return Number(text);
    },
    encode: (value) => [String(value)],
  }),

  string: (description?: string): QueryField<string> => ({
    schema: { type: 'string' },
    description,
    decode: (values) => first(values) || undefined,
    encode: (value) => [value],
  }),

  strings: (description?: string): QueryField<string[]> => ({
    schema: { type: 'array', items: { type: 'string' } },
    description,
    repeated: true,
    decode: (values) => {
      const given = values.filter((value) => value !== '');
      return given.length > 0 ? given : undefined;
    },
    encode: (value) => value,
  }),

  json: <T>(schema: Schema<T>, description?: string): QueryField<T> => ({
    schema,
    description,
    encoded: true,
    decode: (values, name) =>
      first(values) === '' ? undefined : parseJson(schema, first(values), { what: `query parameter '${name}'` }),
    encode: (value) => [JSON.stringify(value)],
  }),

  jsons: <T>(schema: Schema<T>, description?: string): QueryField<T[]> => ({
    schema: { type: 'array', items: schema },
    description,
    repeated: true,
    encoded: true,
    decode: (values, name) => {
      const given = values.filter((value) => value !== '');
      if (given.length === 0) return undefined;
      return given.map((value) => parseJson(schema, value, { what: `query parameter '${name}'` }));
    },
    encode: (value) => value.map((item) => JSON.stringify(item)),
  }),

  filters: (names: readonly string[]): QueryField<Filters> => ({
    schema: dict(list(str())),
    description: `JSON of a map from filter to values. Filters: ${names.join(', ')}.`,
    encoded: true,
    decode: (values, name) => (first(values) === '' ? undefined : decodeFilters(first(values), name)),
    encode: (value) => [JSON.stringify(value)],
  }),

  required: <F extends QueryField<unknown>>(field: F): F & { readonly required: true } => ({
    ...field,
    required: true,
  }),

  differs: <F extends QueryField<unknown>>(why: string, field: F): F => ({ ...field, differs: why }),

  since: <F extends QueryField<unknown>>(version: string, field: F): F => ({ ...field, since: version }),
};

/** Filter to values. */
export type Filters = Record<string, string[]>;

/** Filters in either of Docker's notations: `{"label":["a"]}` and, from old and from Go clients, `{"label":{"a":true}}`. */
export function decodeFilters(text: string, name = 'filters'): Filters {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PouchError(
      'invalid-argument',
      `query parameter '${name}' is not JSON: ${(error as SyntaxError).message}`,
      {
        cause: error,
      },
    );
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(name, 'expected an object');
  const filters: Filters = {};
  for (const [key, given] of Object.entries(value) as [string, unknown][]) {
    if (key === '__proto__') throw invalid(name, `the key ${key} is not allowed`);
    filters[key] = filterValues(given, key, name);
  }
  return filters;
}

function filterValues(given: unknown, key: string, name: string): string[] {
  if (Array.isArray(given) && given.every((item): item is string => typeof item === 'string')) return given;
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    const entries = Object.entries(given) as [string, unknown][];
    if (entries.every(([, chosen]) => typeof chosen === 'boolean')) {
      return entries.filter(([, chosen]) => chosen).map(([item]) => item);
    }
  }
  throw invalid(name, `the filter ${JSON.stringify(key.slice(0, 80))} must be a list of strings`);
}

/** The values of a query. Left out are unknown parameters and, given the request's API version, those newer than it. */
export function decodeQuery<F extends QueryFields>(
  fields: F,
  given: URLSearchParams,
  version?: string,
): QueryValues<F> {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (version !== undefined && field.since !== undefined && !versionAtLeast(version, field.since)) continue;
    const values = given.getAll(name);
    const value = values.length > 0 ? field.decode(values, name) : undefined;
    if (value !== undefined) out[name] = value;
    else if (field.required) throw invalid(name, 'it is required, and nothing was given');
  }
  return out as QueryValues<F>;
}

/** The query string (without its question mark) for these values; absent ones are left out. */
export function encodeQuery<F extends QueryFields>(fields: F, values: QueryValues<F>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    const field = fields[name];
    if (!field || value === undefined) continue;
    for (const text of field.encode(value)) parameters.append(name, text);
  }
  return parameters.toString();
}

function invalid(name: string, problem: string): PouchError {
  return new PouchError('invalid-argument', `invalid query parameter '${name}': ${problem}`);
}
