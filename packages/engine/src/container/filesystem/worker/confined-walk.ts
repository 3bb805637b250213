import { closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync, type BigIntStats } from 'node:fs';
import { errnoCode, PouchError } from '@pouch/base';
import { at, type ByteString, components, toText } from './bytes.ts';

/** Not among Node's constants. An O_PATH descriptor names a file without opening it: a FIFO or device is never touched. */
const O_PATH = 0o10000000;
const HOLD = O_PATH | constants.O_NOFOLLOW;
const HOLD_DIRECTORY = HOLD | constants.O_DIRECTORY;
/** The kernel's own limit (MAXSYMLINKS). */
const MAX_SYMLINKS = 40;
/** Bytes of a path that we are given, and steps of one walk with all that symlinks add to it. */
const MAX_PATH = 64 * 1024;
const MAX_STEPS = 16 * 1024;

export interface WalkOptions {
  /** Follow a symlink in the last component too. */
  readonly followLast: boolean;
  /** Make directories that are missing on the way to the last component. */
  readonly makeParents?: boolean;
  /** Refuse symlinks whose inode changed at or after this time (nanoseconds): those that an archive has just planted. */
  readonly refuseLinksSince?: bigint;
}

/** Where a walk ended. The caller closes it. */
export interface Place extends Disposable {
  /** O_PATH descriptor of the directory that holds it (of the root itself for the root). */
  readonly parent: number;
  /** Its name there; '' for the root. */
  readonly name: ByteString;
  /** O_PATH descriptor of the thing itself, absent where there is no such file. */
  readonly descriptor: number | undefined;
  readonly stat: BigIntStats | undefined;
  /** The components of its path from the root, every symlink resolved. */
  readonly names: readonly ByteString[];
}

/**
 * Path lookup confined to a directory tree that belongs to somebody hostile, who may change it while we look. One component is
 * opened at a time, never following a symlink; symlinks are interpreted here: absolute ones start at the root, and `..` stops
 * at it. Whatever is renamed or swapped meanwhile, each step lands on something that was inside the root at that moment.
 * Holds at most three descriptors however deep the path.
 */
export class ConfinedWalk implements Disposable {
  readonly #root: number;

  /** Takes a descriptor of its own: the caller's may be closed, and its number be another directory's, while we are at work. */
  constructor(root: number) {
    this.#root = openSync(`/proc/self/fd/${root}/.`, HOLD_DIRECTORY);
  }

  [Symbol.dispose](): void {
    closeSync(this.#root);
  }

  /** Throws not-found and invalid-argument. */
  walk(path: ByteString, options: WalkOptions, from: readonly ByteString[] = []): Place {
    if (path.length > MAX_PATH) throw new PouchError('invalid-argument', 'The path is too long.');
    if (path.includes('\0')) throw new PouchError('invalid-argument', 'A path may not hold a NUL byte.');
    const mustBeDirectory = /\/\.?$|^\.?$/.test(path);
    let directory = this.#open(from);
    let names = [...from];
    try {
      const pending = components(path).toReversed();
      let links = 0;
      for (let steps = 0; ; steps += 1) {
        if (steps > MAX_STEPS) throw tooManyLinks(path);
        const name = pending.pop();
        if (name === undefined) return this.#end(directory, names);
        if (name === '..') {
          names = names.slice(0, -1);
          directory = replace(directory, this.#open(names));
          continue;
        }
        const last = pending.length === 0;
        const found = hold(directory, name);
        if (!found) {
          if (last) return this.#place(directory, name, undefined, [...names, name]);
          if (!options.makeParents) throw notFound(path);
          makeDirectory(directory, name);
          pending.push(name);
          continue;
        }
        const follow = !last || options.followLast || mustBeDirectory;
        if (found.stat.isSymbolicLink() && follow) {
          closeSync(found.descriptor);
          links += 1;
          if (links > MAX_SYMLINKS) throw tooManyLinks(path);
          if (options.refuseLinksSince !== undefined && found.stat.ctimeNs >= options.refuseLinksSince) {
            throw new PouchError(
              'invalid-argument',
              `'${toText(path)}' leads through the symlink '${toText(name)}', which was made by the same archive.`,
            );
          }
          const target = linkText(directory, name);
          if (target === undefined) {
            // Swapped for something else between the two looks: look again.
            pending.push(name);
            continue;
          }
          if (target.startsWith('/')) {
            names = [];
            directory = replace(directory, this.#open(names));
          }
          pending.push(...components(target).toReversed());
          continue;
        }
        if (found.stat.isDirectory()) {
          if (last) return this.#place(directory, name, found, [...names, name]);
          directory = replace(directory, found.descriptor);
          names.push(name);
          continue;
        }
        if (last && !mustBeDirectory) return this.#place(directory, name, found, [...names, name]);
        closeSync(found.descriptor);
        throw new PouchError('invalid-argument', `'${toText(path)}': '${toText(name)}' is not a directory`);
      }
    } catch (error) {
      closeSync(directory);
      throw error;
    }
  }

  #end(directory: number, names: readonly ByteString[]): Place {
    // The path ended in `..` or in a symlink to the root: what we stand in is the answer.
    const name = names.at(-1) ?? '';
    const parent = this.#open(names.slice(0, -1));
    return this.#place(parent, name, { descriptor: directory, stat: fstatSync(directory, { bigint: true }) }, names);
  }

  #place(parent: number, name: ByteString, found: Held | undefined, names: readonly ByteString[]): Place {
    let open = true;
    return {
      parent,
      name,
      descriptor: found?.descriptor,
      stat: found?.stat,
      names,
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        closeSync(parent);
        if (found) closeSync(found.descriptor);
      },
    };
  }

  /** A directory by names that were resolved before. Gone or replaced meanwhile: not-found. */
  #open(names: readonly ByteString[]): number {
    let directory = openSync(`/proc/self/fd/${this.#root}/.`, HOLD_DIRECTORY);
    for (const name of names) {
      try {
        directory = replace(directory, openSync(at(directory, name), HOLD_DIRECTORY));
      } catch (error) {
        closeSync(directory);
        throw lookupError(error, `/${names.join('/')}`);
      }
    }
    return directory;
  }
}

export interface Held {
  readonly descriptor: number;
  readonly stat: BigIntStats;
}

/** Hold a directory's entry, following nothing; undefined where there is none. */
export function hold(directory: number, name: ByteString): Held | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(at(directory, name), HOLD);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw lookupError(error, name);
  }
  return { descriptor, stat: fstatSync(descriptor, { bigint: true }) };
}

/** A link's text; undefined when it is no symlink (any more). */
export function linkText(directory: number, name: ByteString): ByteString | undefined {
  try {
    return readlinkSync(at(directory, name), { encoding: 'buffer' }).toString('latin1');
  } catch (error) {
    if (errnoCode(error) === 'EINVAL' || errnoCode(error) === 'ENOENT') return undefined;
    throw lookupError(error, name);
  }
}

function makeDirectory(directory: number, name: ByteString): void {
  try {
    mkdirSync(at(directory, name), 0o755);
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw lookupError(error, name);
  }
}

function replace(old: number, next: number): number {
  closeSync(old);
  return next;
}

function tooManyLinks(path: ByteString): PouchError {
  return new PouchError('invalid-argument', `Too many levels of symbolic links in '${toText(path)}'.`);
}

function notFound(path: ByteString): PouchError {
  return new PouchError('not-found', `No such file or directory: '${toText(path)}'.`);
}

/** A system error on a container's path as one of ours: its caller named the path, so most are the caller's. */
export function lookupError(error: unknown, path: ByteString): unknown {
  const shown = toText(path);
  switch (errnoCode(error)) {
    case 'ENOENT':
    case 'ENXIO':
      return new PouchError('not-found', `No such file or directory: '${shown}'.`, { cause: error });
    case 'ENOTDIR':
    case 'ELOOP':
      return new PouchError('invalid-argument', `'${shown}' is not a directory`, { cause: error });
    case 'ENAMETOOLONG':
      return new PouchError('invalid-argument', `The file name '${shown.slice(0, 80)}…' is too long.`, {
        cause: error,
      });
    case 'EROFS':
      return new PouchError('permission-denied', `'${shown}' is on a read-only file system.`, { cause: error });
    case 'EBUSY':
      return new PouchError('conflict', `'${shown}' is in use: something is mounted on it.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new PouchError('permission-denied', `'${shown}': operation not permitted`, { cause: error });
    default:
      return error;
  }
}
