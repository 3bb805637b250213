import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { problemAt } from './problems.ts';
import { type Entry, type Location, list, type MergeTag, map, type MapNode, type Tree } from './tree.ts';

/** An alias may stand for a large tree, and aliases may nest: more nodes than this is an attack or a mistake. */
const MAX_NODES = 500_000;
const TAGS: Readonly<Record<string, MergeTag>> = { '!reset': 'reset', '!override': 'override' };

/**
 * The documents of a YAML 1.2 text, empty ones left out. Anchors, aliases and merge keys (`<<`) are resolved; the tags
 * `!reset` and `!override` are kept for the merge. Throws invalid-argument with the place of the fault.
 */
export function readYaml(text: string, file: string): MapNode[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  if (!Array.isArray(documents)) return [];
  const found: MapNode[] = [];
  for (const document of documents as Document.Parsed[]) {
    const fault = document.errors[0];
    if (fault) throw problemAt(locate(file, lines, fault.pos[0]), fault.message.split('\n')[0] ?? fault.message);
    if (document.contents === null) continue;
    const tree = new Reader(document, file, lines).tree(document.contents);
    if (tree.kind === 'scalar' && tree.value === null) continue;
    if (tree.kind !== 'map') throw problemAt(tree.at, 'a Compose file is a map with keys such as services');
    found.push(tree);
  }
  return found;
}

function locate(file: string, lines: LineCounter, offset: number): Location {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

class Reader {
  readonly #document: Document.Parsed;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(document: Document.Parsed, file: string, lines: LineCounter) {
    this.#document = document;
    this.#file = file;
    this.#lines = lines;
  }

  tree(node: unknown): Tree {
    this.#nodes += 1;
    const at = this.#at(node);
    if (this.#nodes > MAX_NODES) throw problemAt(at, `aliases make more than ${MAX_NODES} values of this file`);
    if (isAlias(node)) return this.#alias(node, at);
    if (isMap(node)) return this.#map(node as YAMLMap<unknown, unknown>, at);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.tree(item));
      return list(items, at, this.#tag(node, at));
    }
    if (isScalar(node)) return this.#scalar(node, at);
    return { kind: 'scalar', value: null, text: '', at };
  }

  #alias(node: Alias, at: Location): Tree {
    const target = node.resolve(this.#document);
    if (!target) throw problemAt(at, `there is no anchor &${node.source} above this`);
    if (this.#open.has(target)) throw problemAt(at, `&${node.source} holds itself`);
    this.#open.add(target);
    const tree = this.tree(target);
    this.#open.delete(target);
    return tree;
  }

  #scalar(node: Scalar, at: Location): Tree {
    const tag = this.#tag(node, at);
    const { value } = node;
    const text = node.source ?? (value === null ? '' : String(value));
    const known = typeof value === 'string' || typeof value === 'boolean' || value === null;
    // A whole number beyond what a double holds exactly would change its value.
    const exact = typeof value === 'number' && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return { kind: 'scalar', value: known || exact ? value : text, text, at, ...(tag && { tag }) };
  }

  #map(node: YAMLMap<unknown, unknown>, at: Location): MapNode {
    const own = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const pair of node.items as Pair<unknown, unknown>[]) {
      const key = isAlias(pair.key) ? pair.key.resolve(this.#document) : pair.key;
      const keyAt = this.#at(pair.key);
      if (!isScalar(key)) throw problemAt(keyAt, 'a key must be a text');
      if (key.value === '<<' && key.type !== Scalar.QUOTE_DOUBLE && key.type !== Scalar.QUOTE_SINGLE) {
        this.#merge(merged, this.tree(pair.value));
        continue;
      }
      const name = key.value === null ? '' : String(key.source ?? key.value);
      own.set(name, { at: keyAt, value: this.tree(pair.value) });
    }
    // What is merged in stands first, and gives way to the map's own keys.
    return map([...merged, ...own], at, this.#tag(node, at));
  }

  /** The YAML merge key: of several maps, the one named first wins. */
  #merge(into: Map<string, Entry>, value: Tree): void {
    const maps = value.kind === 'list' ? value.items : [value];
    for (const one of maps) {
      if (one.kind !== 'map') throw problemAt(one.at, 'a merge key (<<) takes a map or a list of maps');
      for (const [key, entry] of one.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #tag(node: Node, at: Location): MergeTag | undefined {
    const tag = 'tag' in node && typeof node.tag === 'string' ? node.tag : undefined;
    if (tag === undefined || tag.startsWith('tag:yaml.org,2002:')) return undefined;
    const known = TAGS[tag];
    if (!known) throw problemAt(at, `unknown tag ${tag} (Compose knows !reset and !override)`);
    return known;
  }

  #at(node: unknown): Location {
    const range = typeof node === 'object' && node !== null && 'range' in node ? (node as Node).range : undefined;
    return locate(this.#file, this.#lines, range?.[0] ?? 0);
  }
}
