import { type Dirent, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, PathPatterns } from '@pouch/base';
import { followPaths } from './follow-paths.ts';

/** What of a directory is wanted. Patterns are those of `.dockerignore`. */
export interface TreeFilter {
  /** Only what one of them matches, or all where there are none. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Paths that are wanted with what their symbolic links lead to. */
  readonly follow: readonly string[];
}

export interface TreeEntry {
  /** Below the root, parts joined by `/`. */
  readonly path: string;
  readonly stat: Stats;
  readonly linkname: string;
}

/**
 * The entries of a directory, each directory before what is in it and names in the order of their bytes, as the protocol wants
 * them. A directory that the filter leaves out comes all the same when something in it does not. What vanishes meanwhile, and
 * sockets, are left out.
 */
export function* walkTree(root: string, filter: TreeFilter): Generator<TreeEntry, void, undefined> {
  const followed = followPaths(root, filter.follow);
  const wanted = followed.includes('.') ? [] : [...filter.include, ...followed.map(escape)];
  yield* new Walk(root, PathPatterns.of(wanted), PathPatterns.of(filter.exclude)).directory('');
}

class Walk {
  readonly #root: string;
  readonly #include: PathPatterns;
  readonly #exclude: PathPatterns;
  /** Directories on the way down that have not been told. */
  readonly #pending: TreeEntry[] = [];

  constructor(root: string, include: PathPatterns, exclude: PathPatterns) {
    this.#root = root;
    this.#include = include;
    this.#exclude = exclude;
  }

  *directory(path: string): Generator<TreeEntry, void, undefined> {
    for (const found of this.#read(path)) {
      const below = path === '' ? found.name : `${path}/${found.name}`;
      if (!found.isDirectory() && !this.#isWanted(below)) continue;
      const entry = this.#entry(below);
      if (!entry) continue;
      if (entry.stat.isDirectory()) yield* this.#below(entry);
      else {
        yield* this.#pending.splice(0);
        yield entry;
      }
    }
  }

  *#below(entry: TreeEntry): Generator<TreeEntry, void, undefined> {
    const { path } = entry;
    this.#pending.push(entry);
    if (this.#isWanted(path)) yield* this.#pending.splice(0);
    if (this.#mayHoldWanted(path)) yield* this.directory(path);
    if (this.#pending.at(-1) === entry) this.#pending.pop();
  }

  #isWanted(path: string): boolean {
    return (this.#include.isEmpty || this.#include.excludes(path)) && !this.#exclude.excludes(path);
  }

  #mayHoldWanted(path: string): boolean {
    const included = this.#include.isEmpty || this.#include.excludes(path) || this.#include.mayMatchBelow(path);
    return included && (!this.#exclude.excludes(path) || this.#exclude.mayHoldIncluded(path));
  }

  #read(path: string): Dirent[] {
    try {
      return readdirSync(join(this.#root, path), { withFileTypes: true }).toSorted((a, b) => byBytes(a.name, b.name));
    } catch (error) {
      if (path !== '' && errnoCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #entry(path: string): TreeEntry | undefined {
    try {
      const stat = lstatSync(join(this.#root, path));
      if (stat.isSocket()) return undefined;
      return { path, stat, linkname: stat.isSymbolicLink() ? readlinkSync(join(this.#root, path)) : '' };
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A path that is followed may hold wildcards, which stay what they are; a leading `!` would turn its meaning round. */
function escape(path: string): string {
  return path.startsWith('!') ? `\\${path}` : path;
}
