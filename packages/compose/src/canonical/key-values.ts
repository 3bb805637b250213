import { problemAt } from '../tree/problems.ts';
import { describe, type Entry, list, map, type ScalarNode, scalar, type Tree } from '../tree/tree.ts';

/** `[A=b, C]` as `{A: b, C: nothing}`; maps stay as they are. `split` finds the end of the name. */
export function keyValues(node: Tree, split: RegExp = /=/): Tree {
  if (node.kind !== 'list') return node;
  const entries: [string, Entry][] = [];
  for (const item of node.items) {
    if (item.kind === 'map') {
      entries.push(...item.entries);
      continue;
    }
    if (item.kind !== 'scalar') throw problemAt(item.at, `expected NAME=value, found ${describe(item)}`);
    const text = item.value === null ? '' : item.text;
    const found = split.exec(text);
    const name = found ? text.slice(0, found.index) : text;
    const value = found ? scalar(text.slice(found.index + found[0].length), item.at) : scalar(null, item.at);
    entries.push([name, { at: item.at, value }]);
  }
  return map(entries, node.at, node.tag);
}

/** `NAME: [values]`, from `[NAME:value]`, `[NAME=value]` or `{NAME: value}`; a value may be in brackets (IPv6). */
export function extraHosts(node: Tree): Tree {
  const pairs = keyValues(node, /[=:]/);
  if (pairs.kind !== 'map') return pairs;
  const grouped = new Map<string, { at: Entry['at']; items: ScalarNode[] }>();
  const source: readonly (readonly [string, Tree])[] =
    node.kind === 'list'
      ? node.items
          .map((item) => [...(keyValues(list([item], item.at), /[=:]/) as typeof pairs).entries][0])
          .flatMap((entry) => (entry ? [[entry[0], entry[1].value] as const] : []))
      : [...pairs.entries].map(([name, { value }]) => [name, value] as const);
  for (const [name, value] of source) {
    const values = value.kind === 'list' ? value.items : [value];
    const known = grouped.get(name) ?? { at: value.at, items: [] };
    for (const one of values) {
      if (one.kind !== 'scalar' || one.value === null) throw problemAt(one.at, `the host ${name} has no address`);
      known.items.push(scalar(one.text.replace(/^\[(.*)\]$/, '$1'), one.at));
    }
    grouped.set(name, known);
  }
  const entries = [...grouped].map(([name, { at, items }]) => [name, { at, value: list(items, at) }] as const);
  return map(entries, node.at, node.tag);
}

/** One text as a list of one. */
export function toList(node: Tree): Tree {
  if (node.kind !== 'scalar' || node.value === null) return node;
  return list([{ kind: 'scalar', value: node.value, text: node.text, at: node.at }], node.at, node.tag);
}

/** Names in a list as keys of a map; `make` gives the value of each. */
export function namesToMap(node: Tree, make: (item: ScalarNode) => Tree): Tree {
  if (node.kind !== 'list') return node;
  const entries = node.items.map((item): [string, Entry] => {
    if (item.kind !== 'scalar' || item.value === null)
      throw problemAt(item.at, `expected a name, found ${describe(item)}`);
    return [item.text, { at: item.at, value: make(item) }];
  });
  return map(entries, node.at, node.tag);
}
