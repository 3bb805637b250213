/**
 * What a Compose file says, before it means anything: scalars, lists and maps that know where they were written. Every
 * step from reading to merging keeps these positions, so that a message can name file, line and column at any stage.
 */

export interface Location {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export type ScalarValue = string | number | boolean | null;

/** `!reset` takes a value away in a merge, `!override` puts this one in its place whole. */
export type MergeTag = 'reset' | 'override';

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** As it is written, without quotes: `0440` is a number here and an octal one to a file mode. */
  readonly text: string;
  readonly at: Location;
  readonly tag?: MergeTag;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Location;
  readonly tag?: MergeTag;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly at: Location;
  readonly tag?: MergeTag;
}

export interface Entry {
  /** Where the key stands. */
  readonly at: Location;
  readonly value: Tree;
}

export type Tree = ScalarNode | ListNode | MapNode;

export function scalar(value: ScalarValue, at: Location): ScalarNode {
  return { kind: 'scalar', value, text: value === null ? '' : String(value), at };
}

export function list(items: readonly Tree[], at: Location, tag?: MergeTag): ListNode {
  return { kind: 'list', items, at, ...(tag && { tag }) };
}

export function map(entries: Iterable<readonly [string, Entry]>, at: Location, tag?: MergeTag): MapNode {
  return { kind: 'map', entries: new Map(entries), at, ...(tag && { tag }) };
}

/** A map whose parts all stand at one place: what a short notation becomes. */
export function mapOf(values: Readonly<Record<string, Tree | undefined>>, at: Location): MapNode {
  const entries: [string, Entry][] = [];
  for (const [key, value] of Object.entries(values)) if (value) entries.push([key, { at, value }]);
  return map(entries, at);
}

/** The value under a key of a map; undefined where there is none. */
export function get(node: Tree | undefined, key: string): Tree | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** The text of a scalar under a key; undefined where there is none or it is null. */
export function textOf(node: Tree | undefined, key?: string): string | undefined {
  const found = key === undefined ? node : get(node, key);
  return found?.kind === 'scalar' && found.value !== null ? found.text : undefined;
}

export function isNull(node: Tree | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

/** A map with one entry put in, or taken out with undefined. Anything else is returned as it is. */
export function withEntry(node: Tree, key: string, value: Tree | undefined): Tree {
  if (node.kind !== 'map') return node;
  const entries = new Map(node.entries);
  if (value) entries.set(key, { at: entries.get(key)?.at ?? value.at, value });
  else entries.delete(key);
  return { ...node, entries };
}

/** The same map with every value passed through `change`. */
export function mapValues(
  node: MapNode,
  change: (value: Tree, key: string, at: Location) => Tree | undefined,
): MapNode {
  const entries: [string, Entry][] = [];
  for (const [key, entry] of node.entries) {
    const value = change(entry.value, key, entry.at);
    if (value) entries.push([key, { at: entry.at, value }]);
  }
  return { ...node, entries: new Map(entries) };
}

/** As plain JavaScript values. */
export function plain(node: Tree): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

/** "a list", "a map", "the number 3": for messages. */
export function describe(node: Tree): string {
  if (node.kind !== 'scalar') return node.kind === 'list' ? 'a list' : 'a map';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? `'${node.value}'` : `the ${typeof node.value} ${node.text}`;
}
