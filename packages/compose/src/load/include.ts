import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { place, problemAt } from '../tree/problems.ts';
import { type Entry, get, type MapNode, map, plain, textOf, type Tree, withEntry } from '../tree/tree.ts';
import type { Lookup } from '../variables/interpolate.ts';

const SECTIONS = ['services', 'networks', 'volumes', 'secrets', 'configs'] as const;

/** One entry of `include`. */
export interface Inclusion {
  readonly paths: readonly string[];
  readonly projectDirectory: string;
  readonly envFiles: readonly string[] | undefined;
}

/** Loads the files of an inclusion as a project of their own, with everything in them carried out. */
export type LoadIncluded = (inclusion: Inclusion, lookup: Lookup) => MapNode;

/**
 * The file joined with what its `include` names. A name that both define, and not alike, is refused: an included project
 * is changed by a second file in its own list of paths.
 */
export function applyInclude(file: MapNode, lookup: Lookup, load: LoadIncluded): MapNode {
  const include = get(file, 'include');
  if (include?.kind !== 'list') return file;
  let result = withEntry(file, 'include', undefined) as MapNode;
  for (const item of include.items) {
    const paths = strings(get(item, 'path'));
    const first = paths[0];
    if (first === undefined) throw problemAt(item.at, 'an include names no path');
    const directory = textOf(item, 'project_directory') ?? dirname(first);
    const envFiles = get(item, 'env_file');
    const inclusion = { paths, projectDirectory: directory, envFiles: envFiles && strings(envFiles) };
    result = join(result, load(inclusion, lookup));
  }
  return result;
}

function strings(node: Tree | undefined): string[] {
  if (node?.kind !== 'list') return [];
  return node.items.flatMap((item) => textOf(item) ?? []);
}

function join(file: MapNode, included: MapNode): MapNode {
  let result = file;
  for (const section of SECTIONS) {
    const theirs = get(included, section);
    if (theirs?.kind !== 'map') continue;
    const ours = get(result, section);
    const entries = new Map<string, Entry>(ours?.kind === 'map' ? ours.entries : []);
    for (const [name, entry] of theirs.entries) {
      const known = entries.get(name);
      if (known && !isDeepStrictEqual(plain(known.value), plain(entry.value))) {
        throw problemAt(known.at, `${section}.${name} is defined otherwise by the included ${place(entry.at)}`);
      }
      entries.set(name, entry);
    }
    result = withEntry(result, section, map(entries, theirs.at)) as MapNode;
  }
  return result;
}
