import type { BuildCache } from '@pouch/api';
import { PouchError, parseDuration, parseTime } from '@pouch/base';
import type { PruneRequest, UsageRecord } from '@pouch/buildkit';
import type { BuildKitPruneRequest } from './build-kit-service.ts';

type Timestamp = NonNullable<UsageRecord['CreatedAt']>;

/** Fields of the cache that a filter may name. `mutable` and `immutable` are BuildKit's, and not Docker's. */
const FILTERS = new Set(['id', 'parent', 'type', 'description', 'inuse', 'shared', 'private']);
const AGE = new Set(['until', 'unused-for']);
/** What `system prune` is given for containers comes here as well, and nothing in the cache has a label. */
const LABEL = new Set(['label', 'label!']);

/** A piece of the build cache as `docker system df -v` shows it. */
export function toBuildCache(record: UsageRecord): BuildCache {
  return {
    ID: record.ID,
    ...(record.Parents.length > 0 && { Parents: record.Parents }),
    Type: record.RecordType,
    Description: record.Description,
    InUse: record.InUse,
    Shared: record.Shared,
    Size: Number(record.Size),
    CreatedAt: record.CreatedAt ? timeOf(record.CreatedAt) : '0001-01-01T00:00:00Z',
    LastUsedAt: record.LastUsedAt ? timeOf(record.LastUsedAt) : null,
    UsageCount: Number(record.UsageCount),
  };
}

function timeOf({ seconds, nanos }: Timestamp): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(nanos).padStart(9, '0')}Z`;
}

/**
 * What BuildKit is to remove; undefined when the filters leave nothing. Filters are Docker's. `now` is in milliseconds. Throws
 * `invalid-argument`.
 */
export function toPruneRequest(request: BuildKitPruneRequest, now: number): Partial<PruneRequest> | undefined {
  const { filters, all, reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 } = request;
  const matches: string[] = [];
  const ages: string[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (AGE.has(name)) ages.push(...values);
    else if (FILTERS.has(name)) matches.push(matchOf(name, values));
    else if (!LABEL.has(name)) throw new PouchError('invalid-argument', `invalid filter '${name.slice(0, 64)}'`);
  }
  if (ages.length > 1) throw new PouchError('invalid-argument', `the filter 'until' takes one value`);
  const [age] = ages;
  if ((filters['label'] ?? []).length > 0) return undefined;
  return {
    all,
    keepDuration: age === undefined ? 0n : BigInt(Math.round(ageOf(age, now) * 1e6)),
    reservedSpace: BigInt(reservedSpace),
    maxUsedSpace: BigInt(maxUsedSpace),
    minFreeSpace: BigInt(minFreeSpace),
    filter: matches.length > 0 ? [matches.join(',')] : [],
  };
}

function matchOf(name: string, values: readonly string[]): string {
  if (values.length > 1) throw new PouchError('invalid-argument', `the filter '${name}' takes one value`);
  const [value] = values;
  if (value === undefined || value === '') return name;
  return `${name}${name === 'id' ? '~=' : '=='}${JSON.stringify(value)}`;
}

/** Milliseconds: a duration such as `24h`, or since a time. */
function ageOf(text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.max(0, now - Number(text) * 1000);
  const time = parseTime(text);
  return time === undefined ? parseDuration(text) : Math.max(0, now - Number(time / 1_000_000n));
}
