import { existsIn, requiredIn } from './lifespan.ts';
import type { JsonSchema } from './type.ts';

/** One walk through a value. */
export interface Run {
  readonly path: (string | number)[];
  /** Read like Go's decoder (null is absent, names match without case) rather than to the letter. */
  readonly lenient: boolean;
  readonly onUnknown: ((path: string, value: unknown) => void) | undefined;
  /** The number behind `1.` of an API version: fields that it does not have are unknown. */
  readonly minor: number | undefined;
}

/** Checks a value and returns a clean copy. Throws SchemaViolation. */
export type Reader = (value: unknown, run: Run) => unknown;

export class SchemaViolation extends Error {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** How deep a value without a schema of its own may nest. */
const MAX_DEPTH = 64;
const INT64 = 2 ** 63;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
/** Assigning to it would change an object's prototype instead of adding a key. */
const FORBIDDEN_KEY = '__proto__';

/** A reader for the schema, made of closures. */
export function readerOf(schema: JsonSchema): Reader {
  if (schema['x-string-or-list']) return stringOrListReader();
  if (schema.anyOf) return nullableReader(schema.anyOf);
  if (schema.enum) return enumReader(schema.enum);
  switch (schema.type) {
    case 'string':
      if (schema.format === 'date-time') return timeReader;
      return (value, run) => (typeof value === 'string' ? value : orZero(value, run, '', 'a string'));
    case 'boolean':
      return (value, run) => (typeof value === 'boolean' ? value : orZero(value, run, false, 'true or false'));
    case 'integer':
      return integerReader(schema.minimum ?? -INT64);
    case 'null':
      return (value, run) => (value === null ? null : fail(run, value, 'null'));
    case 'array':
      return arrayReader(schema);
    case 'object':
      return schema.additionalProperties ? mapReader(schema.additionalProperties) : objectReader(schema);
    default:
      return jsonReader;
  }
}

/** RFC 3339; requests may leave it to a manager to complain. */
const timeReader: Reader = (value, run) => {
  if (typeof value !== 'string') return orZero(value, run, '', 'a time');
  return run.lenient || TIME.test(value) ? value : fail(run, value, 'a time (RFC 3339)');
};

function stringOrListReader(): Reader {
  const listReader = arrayReader({ type: 'array', items: { type: 'string' } });
  return (value, run) => {
    if (typeof value === 'string') return [value];
    return value === null || Array.isArray(value) ? listReader(value, run) : fail(run, value, 'a list of strings');
  };
}

function nullableReader(choices: readonly JsonSchema[]): Reader {
  const other = choices.filter((choice) => choice.type !== 'null');
  const [only] = other;
  if (other.length !== 1 || !only || choices.length !== 2)
    throw new Error('The contract knows anyOf only as "or null".');
  const reader = readerOf(only);
  return (value, run) => (value === null ? null : reader(value, run));
}

function enumReader(values: readonly (string | number)[]): Reader {
  const known = new Set<unknown>(values);
  const names = values.map((value) => JSON.stringify(value)).join(', ');
  return (value, run) => (known.has(value) ? value : fail(run, value, `one of ${names}`));
}

function integerReader(minimum: number): Reader {
  const expected = minimum === 0 ? 'an integer of at least 0' : 'an integer';
  return (value, run) => {
    if (typeof value !== 'number') return orZero(value, run, 0, expected);
    return Number.isInteger(value) && value >= minimum && value <= INT64 ? value : fail(run, value, expected);
  };
}

function arrayReader(schema: JsonSchema): Reader {
  const reader = readerOf(schema.items ?? {});
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const expected = minItems === maxItems ? `a list of ${minItems} values` : 'a list';
  return (value, run) => {
    if (value === null && run.lenient && minItems === 0) return [];
    if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return fail(run, value, expected);
    return value.map((item: unknown, index) => within(run, index, () => reader(item, run)));
  };
}

function mapReader(values: JsonSchema): Reader {
  const reader = readerOf(values);
  return (value, run) => {
    if (value === null && run.lenient) return {};
    const out: Record<string, unknown> = {};
    for (const [key, item] of entriesOf(value, run)) out[key] = within(run, key, () => reader(item, run));
    return out;
  };
}

/** Fields are compiled when one of them is first met: a request rarely uses more than a few of HostConfig's. */
function objectReader(schema: JsonSchema): Reader {
  const properties = new Map(Object.entries(schema.properties ?? {}));
  const anyCase = new Map([...properties.keys()].map((name) => [name.toLowerCase(), name]));
  const readers = new Map<string, Reader>();
  const required = schema.required ?? [];
  const isRequired = (name: string, run: Run): boolean => {
    const property = properties.get(name);
    return run.minor === undefined || !property || requiredIn(property, run.minor);
  };
  const read = (name: string, property: JsonSchema, item: unknown, run: Run): unknown => {
    let reader = readers.get(name);
    if (!reader) {
      reader = readerOf(property);
      readers.set(name, reader);
    }
    return within(run, name, () => reader(item, run));
  };
  return (value, run) => {
    const out: Record<string, unknown> = {};
    const entries = value === null && run.lenient ? [] : entriesOf(value, run);
    for (const [key, item] of entries) {
      const name = properties.has(key) ? key : run.lenient ? anyCase.get(key.toLowerCase()) : undefined;
      const property = name === undefined ? undefined : properties.get(name);
      if (name === undefined || !property || (run.minor !== undefined && !existsIn(property, run.minor))) {
        run.onUnknown?.(pathText([...run.path, key]), item);
      } else if (name !== key && name in (value as object)) continue;
      else if (item === null && run.lenient && !allowsNull(property)) continue;
      else out[name] = read(name, property, item, run);
    }
    for (const name of required) {
      if (!(name in out) && isRequired(name, run))
        throw new SchemaViolation(pathText([...run.path, name]), 'it is required, and nothing was given');
    }
    return out;
  };
}

const jsonReader: Reader = (value, run) => {
  const copy = (item: unknown, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new SchemaViolation(pathText(run.path), `it nests deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(item)) return item.map((each) => copy(each, depth + 1));
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(entriesOf(item, run).map(([key, each]) => [key, copy(each, depth + 1)]));
  };
  return copy(value, 0);
};

function entriesOf(value: unknown, run: Run): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(run, value, 'an object');
  const entries = Object.entries(value);
  for (const [key] of entries) {
    if (key === FORBIDDEN_KEY) throw new SchemaViolation(pathText([...run.path, key]), 'this key is not allowed');
  }
  return entries;
}

function allowsNull(schema: JsonSchema): boolean {
  return schema.type === undefined && (schema.anyOf?.some((choice) => choice.type === 'null') ?? true);
}

/** Go reads null as the zero value where it cannot be left out: in lists and maps. */
function orZero<T>(value: unknown, run: Run, zero: T, expected: string): T {
  return value === null && run.lenient ? zero : fail(run, value, expected);
}

function within<T>(run: Run, key: string | number, read: () => T): T {
  run.path.push(key);
  const result = read();
  run.path.pop();
  return result;
}

function fail(run: Run, value: unknown, expected: string): never {
  throw new SchemaViolation(pathText(run.path), `expected ${expected}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** `HostConfig.PortBindings["80/tcp"][0].HostIp` */
export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z_]\w*$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key.length > 80 ? `${key.slice(0, 77)}…` : key)}]`;
  }
  return text;
}
