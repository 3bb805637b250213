import type { Stats } from 'node:fs';
import { chmod, chown, lstat, readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { isWhiteoutName } from './overlay-whiteouts.ts';

export interface Stage {
  /** The snapshot that the directory belongs to. */
  readonly key: string;
  readonly directory: string;
  /** Milliseconds since the epoch, before extraction began. */
  readonly startedAt: number;
}

/** File systems keep time by the kernel's coarse clock, which may lag by a tick or two. */
const CLOCK_SLACK = 50;

/**
 * What makes containerd's applier write a layer as an overlay's upper directory (whiteouts become character devices and
 * attributes) without any mount: it takes the upper directory straight from the options.
 */
export function stageMounts(directory: string): Mount[] {
  const empty = join(directory, '..', 'work');
  return [
    { type: 'overlay', source: 'overlay', options: [`upperdir=${directory}`, `workdir=${empty}`, `lowerdir=${empty}`] },
  ];
}

/**
 * Put a staged directory in the place of the snapshot's empty upper directory. Directories that the layer only implies take
 * over the lower ones' owner, mode and time first, as in an extraction over the lower layers. False, with nothing done, where
 * that is not possible.
 */
export async function adoptStage(stage: Stage, mounts: readonly Mount[]): Promise<boolean> {
  const [mount] = mounts;
  const value = (name: string): string | undefined =>
    mount?.options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  // Over nothing, a snapshot is its directory itself.
  const upper = mount?.type === 'overlay' ? value('upperdir') : mount?.source;
  const lower = mount?.type === 'overlay' ? (value('lowerdir')?.split(':') ?? []) : [];
  if (upper === undefined || !['overlay', 'bind', 'rbind'].includes(mount?.type ?? '')) return false;
  const since = stage.startedAt - CLOCK_SLACK;
  try {
    if (lower.length > 0) {
      for await (const path of impliedDirectories(Buffer.from(stage.directory), EMPTY, since)) {
        await inheritAttributes(stage.directory, path, lower);
      }
    }
    const given = await lstat(upper);
    const own = await lstat(stage.directory);
    // Without an entry for the root, its owner is the lower root's, which the snapshotter gave the empty directory.
    if (own.mtimeMs >= since) await chown(stage.directory, given.uid, given.gid);
    await rename(stage.directory, upper);
    return true;
  } catch (error) {
    if (['EXDEV', 'ENOTEMPTY', 'EEXIST'].includes(errnoCode(error) ?? '')) return false;
    throw error;
  }
}

const EMPTY = Buffer.alloc(0);
const SLASH = Buffer.from('/');

/** Paths are bytes: file names in a layer need be no UTF-8. */
function joinBytes(a: Buffer, b: Buffer): Buffer {
  return a.length === 0 ? b : Buffer.concat([a, SLASH, b]);
}

/** Directories made just now: the layer had no entry for them, or their time would be the entry's. */
async function* impliedDirectories(root: Buffer, path: Buffer, since: number): AsyncGenerator<Buffer> {
  for (const entry of await readdir(joinBytes(root, path), { withFileTypes: true, encoding: 'buffer' })) {
    if (!entry.isDirectory()) continue;
    const inside = joinBytes(path, entry.name);
    if ((await lstat(joinBytes(root, inside))).mtimeMs >= since) yield inside;
    yield* impliedDirectories(root, inside, since);
  }
}

/** Every whiteout file of a layer as tar has extracted it. */
export async function findWhiteouts(root: string): Promise<{ directory: Buffer; name: Buffer }[]> {
  const found: { directory: Buffer; name: Buffer }[] = [];
  const visit = async (directory: Buffer): Promise<void> => {
    const entries = await readdir(joinBytes(Buffer.from(root), directory), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of entries) {
      if (isWhiteoutName(entry.name)) found.push({ directory, name: entry.name });
      else if (entry.isDirectory()) await visit(joinBytes(directory, entry.name));
    }
  };
  await visit(EMPTY);
  return found;
}

/** What the topmost lower layer that has the path says of it; a directory that is new keeps the applier's defaults. */
async function inheritAttributes(root: string, path: Buffer, lower: readonly string[]): Promise<void> {
  for (const directory of lower) {
    const stat = await lstatIfThere(joinBytes(Buffer.from(directory), path));
    if (!stat) continue;
    // A file or a whiteout: the directory replaces it.
    if (!stat.isDirectory()) return;
    const target = joinBytes(Buffer.from(root), path);
    await chown(target, stat.uid, stat.gid);
    await chmod(target, stat.mode & 0o7777);
    await utimes(target, stat.atimeMs / 1000, stat.mtimeMs / 1000);
    return;
  }
}

async function lstatIfThere(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
}
