import { PouchError } from '@pouch/base';
import { type Reader, type Run, readerOf, SchemaViolation } from './reader.ts';
import type { Schema } from './type.ts';

export interface ParseOptions {
  /** What the value is, for messages about the whole of it. */
  readonly what?: string;
  /** Called with path and value of each field that the schema does not know; such fields are dropped. */
  readonly onUnknown?: (path: string, value: unknown) => void;
  /** The number behind `1.` of the API version: fields of other versions are not known. */
  readonly minor?: number;
}

const readers = new WeakMap<Schema, Reader>();

/**
 * The value as the schema's type, copied and clean: `null` counts as absent where the schema does not allow it (as in Go),
 * field names match without regard to case when none matches exactly (as in Go), a single string becomes a list where Docker
 * takes either, and unknown fields are dropped. Throws invalid-argument with the field's path, what was given and what is
 * expected. A schema is compiled at its first use.
 */
export function parse<T>(schema: Schema<T>, value: unknown, options: ParseOptions = {}): T {
  const run: Run = { path: [], lenient: true, onUnknown: options.onUnknown, minor: options.minor };
  try {
    return compiled(schema)(value, run) as T;
  } catch (error) {
    if (!(error instanceof SchemaViolation)) throw error;
    const where = error.path === '' ? (options.what ?? 'the request body') : error.path;
    throw new PouchError('invalid-argument', `invalid ${where}: ${error.problem}`, {
      details: { field: error.path },
    });
  }
}

/** The paths of the fields that the schema does not know. Throws invalid-argument when the value is not valid at all. */
export function unknownFields(schema: Schema, value: unknown): string[] {
  const found: string[] = [];
  parse(schema, value, { onUnknown: (path) => found.push(path) });
  return found;
}

/**
 * What is wrong with a value that must be exactly of the schema, such as a response: the first fault, or undefined. Here
 * `null` is a fault where the schema does not allow it, and so is an unknown field. With the number behind `1.` of an API
 * version, the value must be as that version has it.
 */
export function violation(schema: Schema, value: unknown, minor?: number): string | undefined {
  return violations(schema, value, minor)[0];
}

/** As `violation`: every unknown field, behind the first fault of another kind. */
export function violations(schema: Schema, value: unknown, minor?: number): string[] {
  const unknown: string[] = [];
  const run: Run = {
    path: [],
    lenient: false,
    onUnknown: (path) => {
      unknown.push(`${path}: unknown field`);
    },
    minor,
  };
  try {
    compiled(schema)(value, run);
  } catch (error) {
    if (!(error instanceof SchemaViolation)) throw error;
    return [`${error.path === '' ? 'the value' : error.path}: ${error.problem}`, ...unknown];
  }
  return unknown;
}

/** `parse` of JSON text. Throws invalid-argument also for what is not JSON. */
export function parseJson<T>(schema: Schema<T>, text: string, options: ParseOptions = {}): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const what = options.what ?? 'the request body';
    throw new PouchError('invalid-argument', `${what} is not JSON: ${(error as SyntaxError).message}`, {
      cause: error,
    });
  }
  return parse(schema, value, options);
}

function compiled(schema: Schema): Reader {
  const known = readers.get(schema);
  if (known) return known;
  const reader = readerOf(schema);
  readers.set(schema, reader);
  return reader;
}
