import { chmodSync, chownSync, closeSync, mkdirSync } from 'node:fs';
import { errnoCode, PouchError } from '@pouch/base';
import { at, type ByteString, components, itself, toByteString, toText } from './bytes.ts';
import { ConfinedWalk, hold, lookupError } from './confined-walk.ts';

export interface CopyTarget {
  readonly kind: 'directory' | 'file' | 'none';
  /** Where it is or would be, symlinks resolved: the directory, and the name in it. */
  readonly directory: string;
  readonly name: string;
}

/** What a copy's destination leads to. */
export function findTarget(root: number, path: string): CopyTarget {
  using walk = new ConfinedWalk(root);
  const names = components(toByteString(path));
  const missing = walkAsFarAsThere(walk, names);
  if (missing.rest.length > 0) {
    const all = [...missing.names, ...missing.rest];
    return { kind: 'none', directory: toText(`/${all.slice(0, -1).join('/')}`), name: toText(all.at(-1) ?? '') };
  }
  return {
    kind: missing.isDirectory ? 'directory' : 'file',
    directory: toText(`/${missing.names.slice(0, -1).join('/')}`),
    name: toText(missing.names.at(-1) ?? ''),
  };
}

/** Make a directory and those above it that are missing. True when there was something to make. */
export function makeDirectories(
  root: number,
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
  mode: number | undefined,
): boolean {
  using walk = new ConfinedWalk(root);
  const names = components(toByteString(path));
  for (let made = false, attempt = 0; ; made = true, attempt += 1) {
    const { names: there, rest, isDirectory } = walkAsFarAsThere(walk, names, true);
    if (!isDirectory) throw new PouchError('invalid-argument', `cannot mkdir: ${path} is not a directory`);
    const [next] = rest;
    if (next === undefined) return made;
    if (attempt > names.length + 1_000) throw new PouchError('invalid-argument', `cannot make the directory ${path}`);
    using parent = walk.walk(there.length === 0 ? '/' : `/${there.join('/')}/.`, { followLast: true });
    const directory = parent.descriptor as number;
    try {
      mkdirSync(at(directory, next), 0o755);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw lookupError(error, next);
    }
    dress(directory, next, owner, mode);
  }
}

function dress(
  directory: number,
  name: ByteString,
  owner: { readonly uid: number; readonly gid: number } | undefined,
  mode: number | undefined,
): void {
  const held = hold(directory, name);
  if (!held) return;
  try {
    if (!held.stat.isDirectory()) return;
    if (owner) chownSync(itself(held.descriptor), owner.uid, owner.gid);
    chmodSync(itself(held.descriptor), mode ?? 0o755);
  } finally {
    closeSync(held.descriptor);
  }
}

interface Reached {
  /** Resolved components that are there. */
  readonly names: readonly ByteString[];
  /** Components beyond them. */
  readonly rest: readonly ByteString[];
  readonly isDirectory: boolean;
}

/** With `make`, directories that a symlink names and that are missing are made on the way. */
function walkAsFarAsThere(walk: ConfinedWalk, path: readonly ByteString[], make = false): Reached {
  let names: readonly ByteString[] = [];
  for (const [index, name] of path.entries()) {
    using place = walk.walk(name, { followLast: true, makeParents: make }, names);
    if (place.descriptor === undefined) {
      return {
        names: place.names.slice(0, -1),
        rest: [place.names.at(-1) as ByteString, ...path.slice(index + 1)],
        isDirectory: true,
      };
    }
    const last = index === path.length - 1;
    if (!place.stat?.isDirectory()) {
      if (last) return { names: place.names, rest: [], isDirectory: false };
      throw new PouchError('invalid-argument', `'${toText(path.join('/'))}': '${toText(name)}' is not a directory`);
    }
    names = place.names;
  }
  return { names, rest: [], isDirectory: true };
}
