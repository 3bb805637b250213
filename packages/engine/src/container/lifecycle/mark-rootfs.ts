import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import type { Mount } from '@pouch/containerd';

/**
 * Put `/.dockerenv` into the root file system of a container that starts: programs see by it that they run in a container of
 * Docker's kind. It goes where the container's own changes go; a file system that has no such directory of its
 * own on the host is left without.
 */
export function markRootfs(mounts: readonly Mount[]): void {
  const [mount] = mounts;
  const directory =
    mount?.type === 'bind'
      ? mount.source
      : mount?.options?.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
  if (directory === undefined) return;
  try {
    // Never through something that an image has put there.
    // Synchronous: an empty file takes less than its way through the thread pool.
    writeFileSync(join(directory, '.dockerenv'), '', { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
  }
}
