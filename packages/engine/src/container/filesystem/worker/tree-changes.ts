import { closeSync, readdirSync, type BigIntStats } from 'node:fs';
import { PouchError } from '@pouch/base';
import { type ByteString, itself, toText } from './bytes.ts';
import { type Held, hold } from './confined-walk.ts';

/** Docker's kinds of change. */
export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface Change {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

export interface TreesToCompare {
  /** Directories, by descriptor: the file system now, and as the image made it. */
  readonly now: number;
  readonly before: number;
  /**
   * An overlay's upper directory: only what is in it can have changed, so nothing else is looked at. Absent: everything is
   * compared.
   */
  readonly upper?: number;
  /** Paths that are not the user's doing, such as files put there to be mounted upon; left out while they are empty. */
  readonly ignored: readonly string[];
}

/** A container that has changed more than this cannot be shown as one JSON list. */
const MAX_CHANGES = 2_000_000;
/** Each level holds three descriptors. */
const MAX_DEPTH = 1_000;

/**
 * What changed between two trees, sorted by path within each directory; directories above a change count as modified. The
 * kernel's own merged view of an overlay decides what was deleted, so whiteouts, opaque and redirected directories need no
 * interpretation here.
 */
export function compareTrees(trees: TreesToCompare): Change[] {
  const comparison = new Comparison(new Set(trees.ignored));
  comparison.directory('', trees.now, trees.before, trees.upper, 0);
  return comparison.changes;
}

class Comparison {
  readonly changes: Change[] = [];
  readonly #ignored: ReadonlySet<string>;

  constructor(ignored: ReadonlySet<string>) {
    this.#ignored = ignored;
  }

  /** Whether anything below was left out because it is ignored. */
  directory(path: ByteString, now: number, before: number, upper: number | undefined, depth: number): boolean {
    if (depth > MAX_DEPTH) throw new PouchError('too-large', `'${toText(path)}' is too deep to be compared.`);
    const inNow = new Set(list(now));
    const inBefore = new Set(list(before));
    // A whiteout is in the upper directory but not in the merged one: it comes back below as deleted.
    const inUpper = upper === undefined ? undefined : new Set(list(upper));
    let leftOut = false;
    for (const name of [...new Set([...inNow, ...inBefore])].toSorted()) {
      const inner = `${path}/${name}`;
      if (!inNow.has(name)) this.#add(inner, DELETED);
      else if (!inBefore.has(name)) leftOut = this.#added(inner, now, name, depth) || leftOut;
      else if (!inUpper || inUpper.has(name)) leftOut = this.#both(inner, name, now, before, upper, depth) || leftOut;
    }
    return leftOut;
  }

  #both(
    path: ByteString,
    name: ByteString,
    nowIn: number,
    beforeIn: number,
    upperIn: number | undefined,
    depth: number,
  ): boolean {
    const now = hold(nowIn, name);
    const before = hold(beforeIn, name);
    const upper = upperIn === undefined ? undefined : hold(upperIn, name);
    try {
      if (!now || !before) return false;
      if (!now.stat.isDirectory() || !before.stat.isDirectory()) {
        // An overlay copies a file up when it is written to; that it is there says that it was changed.
        if (upper || differs(now.stat, before.stat)) this.#add(path, MODIFIED);
        if (now.stat.isDirectory()) this.#contents(path, now, depth);
        return false;
      }
      const index = this.changes.length;
      const leftOut = this.directory(
        path,
        now.descriptor,
        before.descriptor,
        upper?.stat.isDirectory() ? upper.descriptor : undefined,
        depth + 1,
      );
      const touched =
        ownDiffers(now.stat, before.stat) ||
        (!leftOut && upper !== undefined && now.stat.mtimeNs !== before.stat.mtimeNs);
      if (this.changes.length > index || touched) this.changes.splice(index, 0, change(path, MODIFIED));
      return leftOut && this.changes.length === index;
    } finally {
      for (const held of [now, before, upper]) if (held) closeSync(held.descriptor);
    }
  }

  #added(path: ByteString, directory: number, name: ByteString, depth: number): boolean {
    const held = hold(directory, name);
    if (!held) return false;
    try {
      const index = this.changes.length;
      const leftOut = held.stat.isDirectory() && this.#contents(path, held, depth);
      const empty = held.stat.isDirectory() ? this.changes.length === index : held.stat.size === 0n;
      const bare = empty && (this.#ignored.has(toText(path)) || leftOut);
      if (!bare) {
        this.changes.splice(index, 0, change(path, ADDED));
        this.#limit();
      }
      return bare || leftOut;
    } finally {
      closeSync(held.descriptor);
    }
  }

  /** Everything below a directory that is new. */
  #contents(path: ByteString, held: Held, depth: number): boolean {
    if (depth > MAX_DEPTH) throw new PouchError('too-large', `'${toText(path)}' is too deep to be compared.`);
    let leftOut = false;
    for (const name of list(held.descriptor).toSorted()) {
      leftOut = this.#added(`${path}/${name}`, held.descriptor, name, depth + 1) || leftOut;
    }
    return leftOut;
  }

  #add(path: ByteString, kind: Change['Kind']): void {
    this.changes.push(change(path, kind));
    this.#limit();
  }

  #limit(): void {
    if (this.changes.length > MAX_CHANGES)
      throw new PouchError('too-large', 'The container has too many changes to list them.');
  }
}

function list(directory: number): ByteString[] {
  return readdirSync(itself(directory), { encoding: 'latin1' });
}

function change(path: ByteString, kind: Change['Kind']): Change {
  return { Path: toText(path), Kind: kind };
}

function ownDiffers(a: BigIntStats, b: BigIntStats): boolean {
  return a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid;
}

function differs(a: BigIntStats, b: BigIntStats): boolean {
  return ownDiffers(a, b) || a.rdev !== b.rdev || a.size !== b.size || a.mtimeNs !== b.mtimeNs;
}
