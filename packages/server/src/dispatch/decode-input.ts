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

/** The value of a JSON body, as its schema has it. Throws `invalid-argument`. */
export function decodeJsonBody(spec: JsonBody<unknown>, text: Buffer): DecodedBody {
  if (text.length === 0 && spec.optional) return { body: {}, warnings: [] };
  const value = parseJson(text);
  if (value === null) {
    if (spec.optional) return { body: {}, warnings: [] };
    throw new PouchError('invalid-argument', 'invalid JSON: the request body must be an object, not null');
  }
  if (spec.unknownFields === 'ignore') return { body: parse(spec.schema, value), warnings: [] };
  const unknown: string[] = [];
  const body = parse(spec.schema, value, { onUnknown: (path) => unknown.length < WARNED_FIELDS && unknown.push(path) });
  return { body, warnings: unknown.map((path) => `The field ${path.slice(0, 128)} is unknown and was ignored.`) };
}
