import { PouchError } from '@pouch/base';
import type { VolumeRecord } from './volume-record.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

const LIST_FILTERS = new Set(['dangling', 'driver', 'label', 'name']);
const PRUNE_FILTERS = new Set(['all', 'label', 'label!']);

/** Which volumes a list shows. `isUsed` says whether a container refers to the volume. Throws invalid-argument. */
export function listFilter(filters: Filters, isUsed: (name: string) => boolean): (volume: VolumeRecord) => boolean {
  check(filters, LIST_FILTERS);
  const dangling = flag(filters, 'dangling');
  return (volume) =>
    (dangling === undefined || dangling !== isUsed(volume.name)) &&
    matchesAny(filters.driver, (value) => volume.driver === value) &&
    matchesAny(filters.name, (value) => volume.name.includes(value)) &&
    (filters.label ?? []).every((label) => hasLabel(volume, label));
}

/** Which volumes a prune may take; whether they are in use is asked elsewhere. Throws invalid-argument. */
export function pruneFilter(filters: Filters): (volume: VolumeRecord) => boolean {
  check(filters, PRUNE_FILTERS);
  const all = flag(filters, 'all') ?? false;
  return (volume) =>
    (all || volume.anonymous) &&
    (filters.label ?? []).every((label) => hasLabel(volume, label)) &&
    !(filters['label!'] ?? []).some((label) => hasLabel(volume, label));
}

function check(filters: Filters, known: ReadonlySet<string>): void {
  for (const name of Object.keys(filters)) {
    if (!known.has(name)) throw new PouchError('invalid-argument', `invalid filter '${name}'`);
  }
}

function flag(filters: Filters, name: string): boolean | undefined {
  const values = filters[name] ?? [];
  if (values.length === 0) return undefined;
  const [value = ''] = values;
  if (values.length === 1 && /^(1|t|true)$/i.test(value)) return true;
  if (values.length === 1 && /^(0|f|false)$/i.test(value)) return false;
  throw new PouchError('invalid-argument', `invalid filter '${name}=[${values.join(' ')}]'`);
}

function matchesAny(values: readonly string[] | undefined, matches: (value: string) => boolean): boolean {
  return !values?.length || values.some(matches);
}

function hasLabel({ labels }: VolumeRecord, wanted: string): boolean {
  const at = wanted.indexOf('=');
  if (at < 0) return Object.hasOwn(labels, wanted);
  const name = wanted.slice(0, at);
  return Object.hasOwn(labels, name) && labels[name] === wanted.slice(at + 1);
}
