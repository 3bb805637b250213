import { PouchError } from '@pouch/base';
import { decodeQuery, type JsonBody, parse, type QueryFields, endpointOf, type Operation } from '@pouch/api';
import { parseJson } from '../http/request-body.ts';
import type { Target } from './target.ts';

/** Fields named in warnings at most; a hostile body may hold thousands. */
const WARNED_FIELDS = 20;

export interface DecodedBody {
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** The query's values, without those that the client's version does not know yet. Throws `invalid-argument`. */
export function decodeTargetQuery(operation: Operation, target: Target): object {
  const fields = endpointOf(operation).query;
  if (!fields) return {};
  return decodeQuery(target.newest ? fields : fieldsOf(fields, target.version), target.search);
}

const byVersion = new WeakMap<QueryFields, Map<number, QueryFields>>();

function fieldsOf(fields: QueryFields, version: number): QueryFields {
  let versions = byVersion.get(fields);
  if (!versions) byVersion.set(fields, (versions = new Map()));
  let known = versions.get(version);
  if (!known) {
    const entries = Object.entries(fields).filter(([, { since }]) => !since || Number(since.split('.')[1]) <= version);
    versions.set(version, (known = Object.fromEntries(entries)));
  }
  return known;
}

/**
 * The value of a JSON body, as its schema has it in the API version with the number `minor`: fields that this version does not
 * have are left out. Throws `invalid-argument`.
 */
export function decodeJsonBody(spec: JsonBody<unknown>, text: Buffer, minor: number): DecodedBody {
  if (text.length === 0 && spec.optional) return { body: {}, warnings: [] };
  const value = parseJson(text);
  if (value === null) {
    if (spec.optional) return { body: {}, warnings: [] };
    throw new PouchError('invalid-argument', 'invalid JSON: the request body must be an object, not null');
  }
  if (spec.unknownFields === 'ignore') return { body: parse(spec.schema, value, { minor }), warnings: [] };
  const unknown: string[] = [];
  const onUnknown = (path: string, given: unknown): void => {
    if (unknown.length < WARNED_FIELDS && !isUnset(given)) unknown.push(path);
  };
  const body = parse(spec.schema, value, { onUnknown, minor });
  return { body, warnings: unknown.map((path) => `The field ${path.slice(0, 128)} is unknown and was ignored.`) };
}

/** What Go's clients write for a field that nobody set: to leave that out loses nothing. */
function isUnset(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === '' || value === 0 || value === false;
}
