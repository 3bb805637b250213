import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { createHash, type Hash } from 'node:crypto';
import { posix } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import { at, type ByteString, components, itself, toByteString, toText } from './bytes.ts';
import { type ConfinedWalk, type Held, hold, lookupError, type Place } from './confined-walk.ts';
import { removeTree } from './remove-tree.ts';
import { makeSpecialNode } from './special-node.ts';
import type { TarEntry } from './tar-header.ts';
import type { TarSink } from './tar-reader.ts';
import { settable, setXattrs } from './xattrs.ts';

export interface ExtractOptions {
  /** A directory must not be replaced by something else, nor something else by a directory. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of all that is made, instead of the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Permission bits of all that is made, instead of the archive's. */
  readonly mode?: number;
  /** What the first component of every name becomes. */
  readonly rename?: string;
  /** Only what a build context may hold: no devices, and no file larger than this many bytes. */
  readonly context?: { readonly largest: number };
  /** The container's path of the extraction point, for messages. */
  readonly shownPath: string;
  /** A directory of ours for small temporary files. */
  readonly scratch: string;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Times of directories wait until everything is inside them; of more than these the oldest are set earlier. */
const MAX_WAITING = 50_000;
const MAX_WARNINGS = 20;
/** The kernel stamps files with a clock that lags by a tick. */
const CLOCK_SLACK_NS = 50_000_000n;
const ATTEMPTS = 5;

/**
 * Puts an archive's entries below a directory of a container. Both the archive and whoever lives in the container are
 * hostile: every name is looked up by a confined walk, everything is made in an open directory by its bare name and only where
 * nothing is (O_EXCL), and owner, mode and times go to the descriptor of what was made. Symlinks that the container had
 * before are followed on the way as in a chroot; those that the archive brought are not, nor is ever one in the last place.
 */
export class Extractor implements TarSink {
  readonly warnings: string[] = [];
  readonly #walk: ConfinedWalk;
  readonly #base: readonly ByteString[];
  readonly #options: ExtractOptions;
  readonly #since = BigInt(Date.now()) * 1_000_000n - CLOCK_SLACK_NS;
  readonly #directoryTimes: { names: readonly ByteString[]; mtime: number }[] = [];
  #attributes: Hash | undefined;
  #parent: { path: ByteString; place: Place } | undefined;
  #file: { descriptor: number; entry: TarEntry; written: number } | undefined;

  /** `base`: the resolved components of the extraction point. */
  constructor(walk: ConfinedWalk, base: readonly ByteString[], options: ExtractOptions) {
    this.#walk = walk;
    this.#base = base;
    this.#options = options;
  }

  begin(entry: TarEntry): void {
    const name = this.#renamed(this.#cleanName(entry.name));
    if (name === '.') return;
    this.#checkContext(entry);
    const parent = this.#openParent(posix.dirname(name));
    try {
      this.#make(parent, posix.basename(name), entry, name);
    } catch (error) {
      throw lookupError(error, name);
    }
  }

  data(bytes: Uint8Array, offset: number): void {
    const file = this.#file;
    if (!file) return;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(file.descriptor, bytes, done, bytes.length - done, offset + done);
    }
    file.written = Math.max(file.written, offset + bytes.length);
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    try {
      if (file.written < file.entry.size) ftruncateSync(file.descriptor, file.entry.size);
      const { uid, gid } = this.#owner(file.entry);
      // Owner before attributes and mode: changing it takes capabilities and setuid bits away.
      fchownSync(file.descriptor, uid, gid);
      this.#xattrs(file.descriptor, file.entry);
      fchmodSync(file.descriptor, this.#options.mode ?? file.entry.mode);
      futimesSync(file.descriptor, file.entry.mtime, file.entry.mtime);
    } finally {
      closeSync(file.descriptor);
    }
  }

  /** A checksum of every extended attribute that was set; '' where there was none. */
  get attributes(): string {
    return this.#attributes?.copy().digest('hex') ?? '';
  }

  /** Everything was extracted: set what had to wait. */
  finish(): void {
    this.#forgetParent();
    this.#setDirectoryTimes();
  }

  [Symbol.dispose](): void {
    this.#forgetParent();
    if (this.#file) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }

  #make(parent: Place, name: ByteString, entry: TarEntry, path: ByteString): void {
    const directory = parent.descriptor as number;
    const dress = (): void => this.#dress(directory, name, entry, [...parent.names, name]);
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#create(directory, name, entry);
        if (entry.type !== 'file' && entry.type !== 'hardlink') dress();
        return;
      } catch (error) {
        // There is something; again after it was removed, if somebody in the container was faster. A few times, or it is on purpose.
        if (errnoCode(error) !== 'EEXIST' || attempt > ATTEMPTS) throw error;
      }
      const existing = hold(directory, name);
      if (!existing) continue;
      closeSync(existing.descriptor);
      if (this.#keeps(existing, entry, path)) return dress();
      removeTree(directory, name);
    }
  }

  /** Whether what is there stays: a directory for a directory. Throws where replacing was ruled out. */
  #keeps(existing: Held, entry: TarEntry, path: ByteString): boolean {
    const isDirectory = existing.stat.isDirectory();
    const wantsDirectory = entry.type === 'directory';
    if (this.#options.noOverwriteDirNonDir && isDirectory !== wantsDirectory) {
      const [old, next] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw new PouchError(
        'invalid-argument',
        `cannot overwrite ${old} "${toText(path)}" with ${next} "${this.#options.shownPath}"`,
      );
    }
    return isDirectory && wantsDirectory;
  }

  #create(directory: number, name: ByteString, entry: TarEntry): void {
    switch (entry.type) {
      case 'file':
        this.#file = { descriptor: openSync(at(directory, name), CREATE, 0o600), entry, written: 0 };
        return;
      case 'directory':
        mkdirSync(at(directory, name), 0o700);
        return;
      case 'symlink':
        if (entry.linkName === '')
          throw new PouchError('invalid-argument', `The symlink '${toText(entry.name)}' leads nowhere.`);
        symlinkSync(Buffer.from(entry.linkName, 'latin1'), at(directory, name));
        return;
      case 'hardlink':
        this.#link(directory, name, entry);
        return;
      default:
        makeSpecialNode(directory, name, entry);
    }
  }

  /** Another name of a file below the extraction point. link(2) does not follow a symlink in the last place. */
  #link(directory: number, name: ByteString, entry: TarEntry): void {
    const target = this.#cleanName(entry.linkName);
    using place = this.#walk.walk(target, { followLast: false, refuseLinksSince: this.#since }, this.#base);
    if (!place.stat || place.stat.isDirectory()) {
      throw new PouchError(
        'invalid-argument',
        `'${toText(entry.name)}' is a hard link to '${toText(target)}', which is no file.`,
      );
    }
    linkSync(at(place.parent, place.name), at(directory, name));
  }

  /** Owner, attributes, mode and time of what has just been made, by a descriptor that names it without opening it. */
  #dress(directory: number, name: ByteString, entry: TarEntry, names: readonly ByteString[]): void {
    const held = hold(directory, name);
    if (!held || !isOfType(held, entry)) {
      if (held) closeSync(held.descriptor);
      throw new PouchError(
        'conflict',
        `'${toText(name)}' was replaced by a process of the container while it was being copied.`,
      );
    }
    try {
      const { uid, gid } = this.#owner(entry);
      const path = itself(held.descriptor);
      chownSync(path, uid, gid);
      if (entry.type !== 'symlink') {
        this.#xattrs(held.descriptor, entry);
        chmodSync(path, this.#options.mode ?? entry.mode);
      }
      if (entry.type !== 'directory') utimesSync(path, entry.mtime, entry.mtime);
      else this.#directoryTimes.push({ names, mtime: entry.mtime });
    } finally {
      closeSync(held.descriptor);
    }
    if (this.#directoryTimes.length > MAX_WAITING) this.#setDirectoryTimes();
  }

  #xattrs(descriptor: number, entry: TarEntry): void {
    const xattrs = settable(entry.xattrs);
    if (xattrs.length === 0) return;
    this.#attributes ??= createHash('sha256');
    this.#attributes.update(JSON.stringify([entry.name, xattrs]));
    const complaint = setXattrs(descriptor, xattrs, this.#options.scratch);
    if (complaint !== undefined && this.warnings.length < MAX_WARNINGS) {
      this.warnings.push(`${toText(entry.name)}: attributes were not set: ${complaint}`);
    }
  }

  /** Newest first, so that none is touched after its time was set. One that has gone meanwhile is passed over. */
  #setDirectoryTimes(): void {
    for (const { names, mtime } of this.#directoryTimes.splice(0).toReversed()) {
      try {
        using place = this.#walk.walk(names.at(-1) as ByteString, { followLast: false }, names.slice(0, -1));
        if (place.descriptor !== undefined && place.stat?.isDirectory())
          utimesSync(itself(place.descriptor), mtime, mtime);
      } catch (error) {
        if (!(error instanceof PouchError)) throw error;
      }
    }
  }

  /** The open directory that entries go into; kept from one entry to the next as long as it is the same one. */
  #openParent(path: ByteString): Place {
    if (this.#parent?.path === path && isStillThere(this.#parent.place)) return this.#parent.place;
    this.#forgetParent();
    const options = { followLast: true, makeParents: true, refuseLinksSince: this.#since };
    const place = this.#directory(path, options);
    this.#parent = { path, place };
    return place;
  }

  #directory(
    path: ByteString,
    options: { followLast: boolean; makeParents: boolean; refuseLinksSince: bigint },
  ): Place {
    const place = this.#walk.walk(path, options, this.#base);
    if (place.descriptor !== undefined && place.stat?.isDirectory()) return place;
    try {
      if (place.stat) throw new PouchError('invalid-argument', `'${toText(path)}' is not a directory`);
      mkdirSync(at(place.parent, place.name), 0o755);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw lookupError(error, path);
    } finally {
      place[Symbol.dispose]();
    }
    const made = this.#walk.walk(path, options, this.#base);
    if (made.descriptor !== undefined && made.stat?.isDirectory()) return made;
    made[Symbol.dispose]();
    throw new PouchError(
      'conflict',
      `'${toText(path)}' was replaced by a process of the container while it was being copied.`,
    );
  }

  #forgetParent(): void {
    this.#parent?.place[Symbol.dispose]();
    this.#parent = undefined;
  }

  #renamed(name: ByteString): ByteString {
    const { rename } = this.#options;
    if (rename === undefined || name === '.') return name;
    const slash = name.indexOf('/');
    return slash < 0 ? toByteString(rename) : toByteString(rename) + name.slice(slash);
  }

  #checkContext(entry: TarEntry): void {
    const { context } = this.#options;
    if (!context) return;
    if (entry.type === 'character' || entry.type === 'block') {
      throw new PouchError('invalid-argument', `the build context has a device node: '${toText(entry.name)}'`);
    }
    if (entry.type === 'file' && entry.size > context.largest) {
      throw new PouchError(
        'too-large',
        `the build context has a file that the disk has no room for: '${toText(entry.name)}' with ${entry.size} bytes`,
      );
    }
  }

  #owner(entry: TarEntry): { readonly uid: number; readonly gid: number } {
    return this.#options.owner ?? entry;
  }

  /** A name below the extraction point, in its shortest form; leading slashes do not count. */
  #cleanName(name: ByteString): ByteString {
    const clean = posix.normalize(`./${name}`);
    if (clean === '..' || clean.startsWith('../')) {
      throw new PouchError('invalid-argument', `"${toText(name)}" is outside of "${this.#options.shownPath}"`);
    }
    return components(clean).join('/') || '.';
  }
}

function isOfType(held: Held, entry: TarEntry): boolean {
  const { stat } = held;
  switch (entry.type) {
    case 'directory':
      return stat.isDirectory();
    case 'symlink':
      return stat.isSymbolicLink();
    case 'fifo':
      return stat.isFIFO();
    case 'character':
      return stat.isCharacterDevice();
    case 'block':
      return stat.isBlockDevice();
    default:
      return stat.isFile();
  }
}

/** Whether the directory's name still leads to it. */
function isStillThere(place: Place): boolean {
  if (place.name === '') return true;
  try {
    const held = hold(place.parent, place.name);
    if (!held) return false;
    closeSync(held.descriptor);
    return held.stat.ino === place.stat?.ino && held.stat.dev === place.stat.dev;
  } catch {
    return false;
  }
}
