import { chown, lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import type { LayerThread } from './layer-thread.ts';
import type { Survey } from './thread/protocol.ts';

export interface Stage {
  /** The snapshot that the directory belongs to. */
  readonly key: string;
  readonly directory: string;
  /** Milliseconds since the epoch, before extraction began. */
  readonly since: number;
  readonly survey: Survey;
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
 * Put a staged directory in the place of the snapshot's empty upper directory. Directories that the layer only implies take
 * over the lower ones' owner, mode and time first, as in an extraction over the lower layers. False, with nothing done, where
 * that is not possible.
 */
export async function adoptStage(stage: Stage, mounts: readonly Mount[], thread: LayerThread): Promise<boolean> {
  const [mount] = mounts;
  const value = (name: string): string | undefined =>
    mount?.options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  // Over nothing, a snapshot is its directory itself.
  const upper = mount?.type === 'overlay' ? value('upperdir') : mount?.source;
  const lower = mount?.type === 'overlay' ? (value('lowerdir')?.split(':') ?? []) : [];
  if (upper === undefined || !['overlay', 'bind', 'rbind'].includes(mount?.type ?? '')) return false;
  const { directory, since, survey } = stage;
  const { implied } = survey;
  try {
    if (lower.length > 0 && implied.length > 0) await thread.run('inherit', { directory, implied, lower });
    const given = await lstat(upper);
    const own = await lstat(directory);
    // Without an entry for the root, its owner is the lower root's, which the snapshotter gave the empty directory.
    if (own.mtimeMs >= since) await chown(directory, given.uid, given.gid);
    await rename(directory, upper);
    return true;
  } catch (error) {
    if (['EXDEV', 'ENOTEMPTY', 'EEXIST'].includes(errnoCode(error) ?? '')) return false;
    throw error;
  }
}
