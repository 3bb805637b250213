import { statfs } from 'node:fs/promises';
import { parseDuration, PouchError } from '@pouch/base';
import type { BuildCache as BuildCacheItem } from '@pouch/api';
import type { BuildPruneOptions } from '../build-service.ts';

const FILTERS = new Set([
  'until',
  'unused-for',
  'id',
  'parent',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  // What `system prune` is given for containers comes here as well: no record has a label.
  'label',
  'label!',
]);

/** The records that go, the least recently used first. Throws invalid-argument. */
export async function choosePruned(
  items: readonly BuildCacheItem[],
  options: BuildPruneOptions,
  root: string,
): Promise<BuildCacheItem[]> {
  const matches = compile(options.filters);
  const candidates = items.filter((item) => !item.InUse && (options.all || !item.Shared) && matches(item));
  const { reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 } = options;
  if (reservedSpace <= 0 && maxUsedSpace <= 0 && minFreeSpace <= 0) return candidates;
  const disk = await statfs(root);
  let used = items.reduce((sum, { Size }) => sum + Size, 0);
  let free = disk.bavail * disk.bsize;
  const chosen: BuildCacheItem[] = [];
  for (const item of candidates) {
    const overMaximum = maxUsedSpace > 0 && used > maxUsedSpace;
    const tooLittleFree = minFreeSpace > 0 && free < minFreeSpace;
    const overReserve = maxUsedSpace <= 0 && minFreeSpace <= 0 && used > reservedSpace;
    if (!(overMaximum || tooLittleFree || overReserve) || (reservedSpace > 0 && used <= reservedSpace)) break;
    chosen.push(item);
    used -= item.Size;
    free += item.Size;
  }
  return chosen;
}

function compile(filters: BuildPruneOptions['filters']): (item: BuildCacheItem) => boolean {
  const unknown = Object.keys(filters).find((name) => !FILTERS.has(name));
  if (unknown !== undefined) throw new PouchError('invalid-argument', `invalid filter '${unknown}'`);
  const age = filters.until?.[0] ?? filters['unused-for']?.[0];
  const before = age === undefined ? undefined : Date.now() - parseDuration(age);
  const any = (name: string, passes: (value: string) => boolean): boolean =>
    filters[name] === undefined || filters[name].length === 0 || filters[name].some(passes);
  const flag = (name: string, actual: boolean): boolean =>
    any(name, (value) => value === '' || ['1', 'true'].includes(value) === actual);
  return (item) =>
    any('label', () => false) &&
    (before === undefined || Date.parse(item.LastUsedAt ?? item.CreatedAt) < before) &&
    any('id', (value) => item.ID.startsWith(value)) &&
    any('parent', (value) => (item.Parents ?? []).some((parent) => parent.startsWith(value))) &&
    any('type', (value) => item.Type === value) &&
    any('description', (value) => item.Description.includes(value)) &&
    flag('inuse', item.InUse) &&
    flag('shared', item.Shared) &&
    flag('private', !item.Shared);
}
