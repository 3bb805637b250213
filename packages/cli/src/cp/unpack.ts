import { constants, createWriteStream } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoCode, PouchError } from '@pouch/base';
import { type Entry, extract, type Headers } from 'tar-stream';

export interface UnpackOptions {
  /** Give files the owner and group of the archive. */
  readonly owner: boolean;
  readonly onFile: (bytes: number) => void;
}

/**
 * Unpack an archive whose first entry becomes `target`. The container that made it is not trusted: no entry is written
 * outside `target`, and none through a symbolic link of the archive.
 */
export async function unpackTo(tar: AsyncIterable<Uint8Array>, target: string, options: UnpackOptions): Promise<void> {
  const entries = extract();
  const feeding = pipeline(Readable.from(tar, { objectMode: false }), entries);
  feeding.catch(() => {});
  const directories: { readonly path: string; readonly header: Headers }[] = [];
  let root: string | undefined;
  for await (const entry of entries as AsyncIterable<Entry>) {
    const { header } = entry;
    const name = cleanName(header.name);
    root ??= name;
    const path = join(target, relativeTo(root, name));
    if (path !== target) await checkParents(target, path);
    if (header.type === 'directory') directories.push({ path, header });
    await writeEntry(entry, path, target, root, options);
    entry.resume();
  }
  await feeding;
  // Last, for writing into a directory changes its time, and may need a right that it is about to lose.
  for (const { path, header } of directories.toReversed()) await finish(path, header, options);
}

async function writeEntry(entry: Entry, path: string, target: string, root: string, options: UnpackOptions): Promise<void> {
  const { header } = entry;
  switch (header.type) {
    case 'directory':
      await makeDirectory(path);
      return;
    case 'symlink':
      await rm(path, { force: true });
      await symlink(header.linkname ?? '', path);
      break;
    case 'link': {
      const source = join(target, relativeTo(root, cleanName(header.linkname ?? '')));
      await checkParents(target, source);
      await rm(path, { force: true });
      await link(source, path);
      return;
    }
    case 'file':
    case 'contiguous-file':
      await removeLink(path);
      await pipeline(
        entry,
        createWriteStream(path, {
          mode: 0o600,
          flags: (constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW) as unknown as string,
        }),
      );
      options.onFile(header.size ?? 0);
      break;
    default:
      throw new PouchError('unsupported', `${header.name} is a ${header.type ?? 'file of an unknown kind'}, which is not copied`);
  }
  await finish(path, header, options);
}

async function finish(path: string, header: Headers, options: UnpackOptions): Promise<void> {
  if (options.owner) await lchown(path, header.uid ?? 0, header.gid ?? 0);
  if (header.type !== 'symlink') await chmod(path, (header.mode ?? 0o644) & 0o7777);
  if (header.mtime) await lutimes(path, header.mtime, header.mtime);
}

/** A name without leading or trailing slashes and dots. Throws for one that leads out. */
function cleanName(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0')) {
    throw new PouchError('invalid-argument', `the archive has an entry that leads out of it: ${JSON.stringify(name)}`);
  }
  return parts.join('/');
}

function relativeTo(root: string, name: string): string {
  if (name === root) return '.';
  if (root === '') return name;
  if (name.startsWith(`${root}/`)) return name.slice(root.length + 1);
  throw new PouchError('invalid-argument', `the archive has an entry beside its root: ${JSON.stringify(name)}`);
}

/** Every directory between the target and the path must be one, and no symbolic link. */
async function checkParents(target: string, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === target || parent.length < target.length) return;
  await checkParents(target, parent);
  const stat = await lstat(parent).catch(() => undefined);
  if (!stat) await mkdir(parent, { mode: 0o755 });
  else if (!stat.isDirectory()) {
    throw new PouchError('invalid-argument', `the archive writes through ${parent}, which is not a directory`);
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    if (!(await lstat(path)).isDirectory()) {
      throw new PouchError('invalid-argument', `cannot overwrite ${path}, which is not a directory, with a directory`);
    }
  }
}

async function removeLink(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isDirectory()) throw new PouchError('invalid-argument', `cannot overwrite the directory ${path} with a file`);
  if (stat && !stat.isFile()) await rm(path);
}
