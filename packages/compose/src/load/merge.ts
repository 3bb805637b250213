import { type Entry, isNull, type ListNode, map, type MapNode, textOf, type Tree } from '../tree/tree.ts';

/**
 * Merge files, by the Compose specification's section Merge: maps are joined, lists are appended, and what is one thing
 * (a port, a mount, a device) is replaced by the later file's. Both sides are in the long syntax.
 */
export function merge(base: Tree, over: Tree): Tree {
  return mergeAt(base, over, []) ?? map([], over.at);
}

/** Lists that the later file replaces. `*` stands for any one key. */
const REPLACED = [
  'services.*.command',
  'services.*.entrypoint',
  'services.*.healthcheck.test',
  'services.*.build.entitlements',
];

/** Lists of maps: the keys that make two items the same. */
const KEYED: Readonly<Record<string, (item: Tree) => string>> = {
  'services.*.volumes': (item) => textOf(item, 'target') ?? '',
  'services.*.devices': (item) => textOf(item, 'target') ?? textOf(item, 'source') ?? '',
  'services.*.ports': (item) =>
    ['host_ip', 'target', 'published', 'protocol'].map((key) => textOf(item, key) ?? '').join(' '),
  'services.*.secrets': (item) => textOf(item, 'target') ?? textOf(item, 'source') ?? '',
  'services.*.configs': (item) => textOf(item, 'target') ?? textOf(item, 'source') ?? '',
  'services.*.build.secrets': (item) => textOf(item, 'target') ?? textOf(item, 'source') ?? '',
  'services.*.env_file': (item) => textOf(item, 'path') ?? '',
  'networks.*.ipam.config': (item) => textOf(item, 'subnet') ?? '',
};

/** Maps in which nothing as a value means something: take it from the environment. */
const NULL_COUNTS = ['services.*.environment', 'services.*.build.args'];

function matches(patterns: readonly string[], path: readonly string[]): boolean {
  return patterns.some((pattern) => patternFits(pattern, path));
}

function patternFits(pattern: string, path: readonly string[]): boolean {
  const parts = pattern.split('.');
  return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
}

function mergeAt(base: Tree | undefined, over: Tree, path: readonly string[]): Tree | undefined {
  if (over.tag === 'reset') return undefined;
  if (over.tag === 'override' || base === undefined) return withoutTags(over);
  if (isNull(over) && !isNull(base)) return matches(NULL_COUNTS, path.slice(0, -1)) ? over : base;
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over, path);
  if (base.kind === 'list' && over.kind === 'list') return mergeLists(base, over, path);
  return withoutTags(over);
}

function mergeMaps(base: MapNode, over: MapNode, path: readonly string[]): Tree {
  const isLogging = patternFits('services.*.logging', path);
  const driver = textOf(over, 'driver');
  // Another driver understands other options.
  if (isLogging && driver !== undefined && driver !== (textOf(base, 'driver') ?? driver))
    return withoutTags(over) ?? over;
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const value = mergeAt(base.entries.get(key)?.value, entry.value, [...path, key]);
    if (value) entries.set(key, { at: entry.at, value });
    else entries.delete(key);
  }
  return { ...base, entries };
}

function mergeLists(base: ListNode, over: ListNode, path: readonly string[]): Tree {
  if (matches(REPLACED, path)) return over;
  const keyed = Object.entries(KEYED).find(([pattern]) => patternFits(pattern, path))?.[1];
  const keyOf = (item: Tree): string | undefined => (keyed && item.kind === 'map' ? keyed(item) : textOf(item));
  const items: Tree[] = [];
  const index = new Map<string, number>();
  for (const item of [...base.items, ...over.items]) {
    const key = keyOf(item);
    const known = key === undefined ? undefined : index.get(key);
    if (known !== undefined) items[known] = item;
    else {
      if (key !== undefined) index.set(key, items.length);
      items.push(item);
    }
  }
  return { ...over, items };
}

/** The tree without what `!reset` takes away, and without `!override`: what a first file says. */
export function withoutTags(node: Tree): Tree | undefined {
  if (node.tag === 'reset') return undefined;
  const { tag: _, ...rest } = node;
  if (rest.kind === 'list') return { ...rest, items: rest.items.flatMap((item) => withoutTags(item) ?? []) };
  if (rest.kind !== 'map') return rest;
  const entries: [string, Entry][] = [];
  for (const [key, entry] of rest.entries) {
    const value = withoutTags(entry.value);
    if (value) entries.push([key, { at: entry.at, value }]);
  }
  return { ...rest, entries: new Map(entries) };
}
