import { stat } from 'node:fs/promises';
import { errnoCode } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { identifyProcess, isAlive, readMounts } from '@pouch/linux';
import { HeldDirectory } from './held-directory.ts';
import { isOverlay, upperOf } from './layered-view.ts';

/**
 * The root directory of a container's process as it sees it itself, volumes and all; undefined when the process has gone. A
 * pid may be another's by now: its root counts only if it is this container's snapshot, and if the process that was found
 * before the directory was opened is still there behind it.
 */
export async function holdRunningRoot(pid: number, snapshot: readonly Mount[]): Promise<HeldDirectory | undefined> {
  const identity = await identifyProcess(pid);
  if (!identity) return undefined;
  let root: HeldDirectory;
  try {
    root = new HeldDirectory(`/proc/${pid}/root`);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
  if ((await isRootOf(root, pid, snapshot)) && (await isAlive(identity))) return root;
  root[Symbol.dispose]();
  return undefined;
}

async function isRootOf(root: HeldDirectory, pid: number, snapshot: readonly Mount[]): Promise<boolean> {
  if (isOverlay(snapshot)) {
    const upper = upperOf(snapshot);
    if (upper === undefined) return false;
    const mounts = await readMounts(pid).catch(() => []);
    return mounts.some((mount) => mount.fsType === 'overlay' && mount.superOptions.includes(`upperdir=${upper}`));
  }
  const [mount] = snapshot;
  if (!mount?.options.some((option) => option === 'bind' || option === 'rbind') && mount?.type !== 'bind') return true;
  const source = await stat(mount.source);
  const { device, inode } = root.identity();
  return source.dev === device && source.ino === inode;
}
