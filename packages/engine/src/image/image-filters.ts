import { matchesGlob } from 'node:path';
import { PouchError, parseDuration, parseTime } from '@pouch/base';
import { familiarName, familiarString, type ImageReference } from '@pouch/oci';
import type { Filters } from './image-service.ts';

const LIST_FILTERS: ReadonlySet<string> = new Set([
  'dangling',
  'label',
  'label!',
  'before',
  'since',
  'reference',
  'until',
]);
const PRUNE_FILTERS: ReadonlySet<string> = new Set(['dangling', 'label', 'label!', 'until']);

export function checkListFilters(filters: Filters): void {
  check(filters, LIST_FILTERS);
}

export function checkPruneFilters(filters: Filters): void {
  check(filters, PRUNE_FILTERS);
}

function check(filters: Filters, known: ReadonlySet<string>): void {
  for (const name of Object.keys(filters)) {
    if (!known.has(name)) throw new PouchError('invalid-argument', `invalid filter '${name}'`);
  }
}

/** The value of a filter that holds a truth, or undefined where it is not given. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name] ?? [];
  if (values.length === 0) return undefined;
  if (values.every((value) => ['1', 'true', 't', 'True', 'TRUE'].includes(value))) return true;
  if (values.every((value) => ['0', 'false', 'f', 'False', 'FALSE'].includes(value))) return false;
  throw new PouchError('invalid-argument', `invalid filter '${name}=[${values.join(' ')}]'`);
}

/** Every `label` filter matches and no `label!` filter does. `key` alone asks for the key only. */
export function matchesLabels(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  const has = (wanted: string): boolean => {
    const at = wanted.indexOf('=');
    if (at < 0) return Object.hasOwn(labels, wanted);
    const key = wanted.slice(0, at);
    return Object.hasOwn(labels, key) && labels[key] === wanted.slice(at + 1);
  };
  return (filters.label ?? []).every(has) && !(filters['label!'] ?? []).some(has);
}

/**
 * Nanoseconds since the epoch of the `until` filter: RFC 3339, a date, seconds since the epoch, or a duration before now.
 * Undefined where it is not given.
 */
export function untilFilter(filters: Filters, now: bigint): bigint | undefined {
  const values = filters.until ?? [];
  if (values.length === 0) return undefined;
  if (values.length > 1) throw new PouchError('invalid-argument', 'more than one until filter specified');
  return timestamp(values[0] as string, now);
}

function timestamp(text: string, now: bigint): bigint {
  const seconds = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds) return BigInt(seconds[1] as string) * 1_000_000_000n + BigInt((seconds[2] ?? '').padEnd(9, '0'));
  const full = parseTime(text) ?? parseTime(`${text}Z`) ?? parseTime(`${text}:00Z`) ?? parseTime(`${text}T00:00:00Z`);
  if (full !== undefined) return full;
  return now - BigInt(Math.round(parseDuration(text) * 1_000_000));
}

/**
 * Whether a name matches a `reference` pattern: a shell pattern (`*` stays within one path component) that is held against
 * the whole short name and against the repository alone.
 */
export function matchesReference(reference: ImageReference, pattern: string): boolean {
  const name = familiarName(reference);
  const full = familiarString(reference);
  return [name, full, `${reference.domain}/${reference.path}`].some(
    (candidate) => candidate === pattern || matchesGlob(candidate, pattern),
  );
}
