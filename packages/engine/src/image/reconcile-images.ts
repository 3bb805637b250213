import { isErrorCode } from '@pouch/base';
import type { LeaseCreateRequest, Leases } from '@pouch/containerd';

/** Marks the leases of image work, which end with the daemon that made them. */
const OWNER_LABEL = 'io.pouch.image';

/** Like `leases.use`, with a lease that a later daemon knows to be of no more use when this one dies. */
export async function withImageLease<T>(leases: Leases, work: (lease: string) => Promise<T>): Promise<T> {
  const request: LeaseCreateRequest = { labels: { [OWNER_LABEL]: 'work' } };
  return await leases.use(work, request);
}

/** Give up the leases of a former daemon's image work, and what only they held. Only one daemon owns a namespace. */
export async function reclaimLeases(leases: Leases): Promise<void> {
  for (const lease of await leases.list()) {
    if (lease.labels[OWNER_LABEL] === undefined) continue;
    await leases.delete(lease.id).catch((error: unknown) => {
      if (!isErrorCode(error, 'not-found')) throw error;
    });
  }
}
