import { constants } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, open, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { errnoCode, PouchError } from '@pouch/base';
import { extract, type Header } from 'tar-stream';

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
  const input = Readable.from(tar, { objectMode: false });
  input.once('error', (error) => entries.destroy(error));
  input.pipe(entries);
  const directories: { readonly path: string; readonly header: Header }[] = [];
  let root: string | undefined;
  for await (const entry of entries) {
    const { header } = entry;
    const name = cleanName(header.name);
    root ??= name;
    const path = join(target, relativeTo(root, name));
    if (path !== target) await checkParents(target, path);
    if (header.type === 'directory') directories.push({ path, header });
    await writeEntry(header, entry as AsyncIterable<Uint8Array>, path, target, root, options);
    entry.resume();
  }
  // Last, for writing into a directory changes its time, and may need a right that it is about to lose.
  for (const { path, header } of directories.toReversed()) await finish(path, header, options);
}

async function writeEntry(
  header: Header,
  content: AsyncIterable<Uint8Array>,
  path: string,
  target: string,
  root: string,
  options: UnpackOptions,
): Promise<void> {
  switch (header.type) {
    case 'directory':
      await makeDirectory(path);
      return;
    case 'symlink':
      await rm(path, { force: true });
      await symlink(header.linkname, path);
      break;
    case 'link': {
      const source = join(target, relativeTo(root, cleanName(header.linkname)));
      await checkParents(target, source);
      await rm(path, { force: true });
      await link(source, path);
      return;
    }
    case 'file':
    case 'contiguous-file':
      await removeLink(path);
      await writeFile(path, content);
      options.onFile(header.size);
      break;
    default:
      throw new PouchError('unsupported', `${header.name} is a ${header.type}, which is not copied`);
  }
  await finish(path, header, options);
}

async function writeFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  await using file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  for await (const chunk of content) await file.writeFile(chunk);
}

async function finish(path: string, header: Header, options: UnpackOptions): Promise<void> {
  if (options.owner) await lchown(path, header.uid, header.gid);
  if (header.type !== 'symlink') await chmod(path, header.mode & 0o7777);
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
  if (stat?.isDirectory())
    throw new PouchError('invalid-argument', `cannot overwrite the directory ${path} with a file`);
  if (stat && !stat.isFile()) await rm(path);
}
