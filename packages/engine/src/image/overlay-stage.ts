import { chown, lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import type { Mount } from '@pouch/containerd';

export interface Stage {
  /** The snapshot that the directory belongs to. */
  readonly key: string;
  readonly directory: string;
  /** Milliseconds since the epoch, before extraction began. */
  readonly startedAt: number;
}

/** File systems keep time by the kernel's coarse clock, which may lag by a tick or two. */
const CLOCK_SLACK = 50;

export function isOverlay(mounts: readonly Mount[]): boolean {
  return mounts.length === 1 && mounts[0]?.type === 'overlay';
}

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
 * Put a staged directory in the place of the snapshot's empty upper directory. False, with nothing done, when the layer
 * leaves out directories that a lower one has: those must take over the lower one's owner, mode and attributes, which only
 * an extraction over the lower layers does.
 */
export async function adoptStage(stage: Stage, mounts: readonly Mount[]): Promise<boolean> {
  const options = mounts[0]?.options ?? [];
  const upper = options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
  const lower = options
    .find((option) => option.startsWith('lowerdir='))
    ?.slice('lowerdir='.length)
    .split(':');
  if (upper === undefined || lower === undefined) return false;
  const since = stage.startedAt - CLOCK_SLACK;
  for await (const path of impliedDirectories(stage.directory, '', since)) {
    if (await existsInAny(lower, path)) return false;
  }
  const { uid, gid } = await lstat(upper);
  const own = await lstat(stage.directory);
  // Without an entry for the root, its owner is the lower root's, which the snapshotter gave the empty directory.
  if (own.mtimeMs >= since && (own.uid !== uid || own.gid !== gid)) await chown(stage.directory, uid, gid);
  try {
    await rename(stage.directory, upper);
    return true;
  } catch (error) {
    if (['EXDEV', 'ENOTEMPTY', 'EEXIST'].includes(errnoCode(error) ?? '')) return false;
    throw error;
  }
}

/** Directories made just now: the layer had no entry for them, or their time would be the entry's. */
async function* impliedDirectories(root: string, path: string, since: number): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inside = join(path, entry.name);
    // A name that is no UTF-8 cannot be looked up as text: the root stands for "do it the ordinary way".
    if (entry.name.includes('\uFFFD')) {
      yield '';
      return;
    }
    if ((await lstat(join(root, inside))).mtimeMs >= since) yield inside;
    yield* impliedDirectories(root, inside, since);
  }
}

async function existsInAny(lower: readonly string[], path: string): Promise<boolean> {
  for (const directory of lower) {
    try {
      await lstat(join(directory, path));
      return true;
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) throw error;
    }
  }
  return false;
}
