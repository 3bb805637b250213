import { isErrorCode } from '@pouch/base';
import type { Mount, Snapshots } from '@pouch/containerd';
import type { ContainerRecord } from '../container-record.ts';

/** A container's own writable snapshot over its image's; resolves with what to mount. */
export async function prepareSnapshot(
  snapshots: Pick<Snapshots, 'prepare' | 'mounts'>,
  { id, chainId }: Pick<ContainerRecord, 'id' | 'chainId'>,
): Promise<Mount[]> {
  const labels = { 'containerd.io/gc.root': new Date().toISOString(), 'pouch/container': id };
  try {
    return await snapshots.prepare(id, chainId, labels, { retryUnavailable: true });
  } catch (error) {
    // Nobody else makes one of this id: containerd died with the answer, and the second try met what the first had made.
    if (!isErrorCode(error, 'already-exists')) throw error;
    return await snapshots.mounts(id);
  }
}
