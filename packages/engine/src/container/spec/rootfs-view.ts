import { constants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import { type OpaqueCheck, isOpaqueDirectory } from './opaque-directory.ts';

/** Reads single files of a container's root file system. */
export interface RootfsReader {
  /** The file's text; undefined where there is no such regular file. Throws `too-large` beyond 16 MiB. */
  readText(path: string): Promise<string | undefined>;
}

/** A mount as containerd's snapshotter gives it. */
export interface SnapshotMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const MAX_SYMLINKS = 40;
/** More than any real user database; a hostile image cannot fill the daemon's memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** One component of a path, found: the merged directory as its parts (newest layer first), or something else. */
type Entry =
  | { readonly kind: 'directory'; readonly parts: readonly string[] }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly path: string };

/**
 * A root file system read through the mounts that it is to have, without mounting it and without starting a process:
 * an overlay is looked up layer by layer as the kernel would (newest first, whiteouts, opaque directories), and symlinks
 * are followed inside it only. `isOpaque` is asked only where layers differ about a directory.
 */
export class RootfsView implements RootfsReader {
  readonly #layers: readonly string[];
  readonly #isOpaque: OpaqueCheck;

  constructor(mounts: readonly SnapshotMount[], isOpaque: OpaqueCheck = isOpaqueDirectory) {
    this.#layers = layersOf(mounts);
    this.#isOpaque = isOpaque;
  }

  /** One that lies merged in a directory of the host. */
  static ofDirectory(source: string): RootfsView {
    return new RootfsView([{ type: 'bind', source, options: [] }]);
  }

  async readText(path: string): Promise<string | undefined> {
    const file = await this.resolve(path);
    return file === undefined ? undefined : await readRegularFile(file);
  }

  /** The host path of a file of the merged tree, symlinks followed; undefined when it is absent or a directory. */
  async resolve(path: string): Promise<string | undefined> {
    const entry = await this.#walk(path);
    return entry?.kind === 'file' ? entry.path : undefined;
  }

  /** The host directories that a directory of the merged tree is made of, newest first; empty when it is absent. */
  async directoryParts(path: string): Promise<readonly string[]> {
    const entry = await this.#walk(path);
    if (entry?.kind !== 'directory') return [];
    for (const [index, part] of entry.parts.entries()) {
      const isLast = index === entry.parts.length - 1;
      if (!isLast && entry.parts !== this.#layers && (await this.#isOpaque(part)))
        return entry.parts.slice(0, index + 1);
    }
    return entry.parts;
  }

  async #walk(path: string): Promise<Entry | undefined> {
    const root: Entry = { kind: 'directory', parts: this.#layers };
    let stack: Entry[] = [root];
    let pending = components(path);
    let links = 0;
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      const here = stack.at(-1) as Entry;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      if (here.kind !== 'directory') return undefined;
      const entry = await this.#lookUp(here.parts, name);
      if (!entry) return undefined;
      if (entry.kind !== 'link') {
        stack.push(entry);
        continue;
      }
      links += 1;
      if (links > MAX_SYMLINKS) return undefined;
      if (entry.target.startsWith('/')) stack = [root];
      pending = [...components(entry.target), ...pending];
    }
    return stack.at(-1);
  }

  /** A name in a merged directory: the newest layer that has it decides, and directories are merged downwards. */
  async #lookUp(parents: readonly string[], name: string): Promise<Entry | undefined> {
    const parts: string[] = [];
    let asked = 0;
    for (const [index, parent] of parents.entries()) {
      const path = join(parent, name);
      const info = await lstat(path).catch(ignoreAbsent);
      if (!info) continue;
      // Found in a lower part: it counts only if none of the parts above hides it. Layers' roots never do.
      for (; asked < index && parents !== this.#layers; asked += 1) {
        if (await this.#isOpaque(parents[asked] as string)) return merged(parts);
      }
      if (info.isDirectory()) {
        parts.push(path);
        continue;
      }
      // Under a directory, anything else (a whiteout, a file) ends the merge; on top it decides.
      if (parts.length > 0) break;
      if (info.isCharacterDevice() && info.rdev === 0) return undefined;
      return info.isSymbolicLink() ? { kind: 'link', target: await readlink(path) } : { kind: 'file', path };
    }
    return merged(parts);
  }
}

function merged(parts: readonly string[]): Entry | undefined {
  return parts.length === 0 ? undefined : { kind: 'directory', parts };
}

/** The directories of an overlay, newest first, or the one of a bind. Throws unsupported for any other file system. */
export function layersOf(mounts: readonly SnapshotMount[]): string[] {
  const [mount, more] = mounts;
  if (!mount || more) throw new PouchError('unsupported', 'A root file system of other than one mount cannot be read.');
  if (mount.type === 'bind' || mount.options.includes('bind') || mount.options.includes('rbind')) return [mount.source];
  if (mount.type !== 'overlay') {
    throw new PouchError('unsupported', `A root file system of type ${mount.type} cannot be read without mounting it.`);
  }
  const option = (name: string): string =>
    mount.options.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const upper = option('upperdir');
  const lower = splitLower(option('lowerdir'));
  return [...(upper === '' ? [] : [unescape(upper)]), ...lower];
}

/** Layers are parted by colons; a colon in a path has a backslash before it. */
function splitLower(text: string): string[] {
  return (text.match(/(?:\\.|[^:\\])+/g) ?? []).map(unescape);
}

function unescape(path: string): string {
  return path.replace(/\\(.)/g, '$1');
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function readRegularFile(path: string): Promise<string | undefined> {
  // O_NONBLOCK: a FIFO in the image must not hold the daemon.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(ignoreAbsent);
  if (!file) return undefined;
  try {
    const info = await file.stat();
    if (!info.isFile()) return undefined;
    if (info.size > MAX_BYTES) throw new PouchError('too-large', `${path} has more than ${MAX_BYTES} bytes.`);
    const buffer = Buffer.alloc(info.size);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function ignoreAbsent(error: unknown): undefined {
  const code = errnoCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO') return undefined;
  throw error;
}
