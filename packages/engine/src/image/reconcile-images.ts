import { isErrorCode } from '@pouch/base';
import type { LeaseCreateRequest, LeaseRecord, Leases } from '@pouch/containerd';

/** Marks the leases of image work, which end with the daemon that made them. */
const OWNER_LABEL = 'io.pouch.image';
/** A lease of a pull: what it brought is worth keeping when the daemon dies. */
const PULL = 'pull';
/** A lease that keeps what an interrupted pull had brought. */
const KEPT = 'kept';
/** Milliseconds in which a pull that was interrupted can be asked for again without fetching whole layers twice. */
const KEPT_FOR = 3_600_000;

/** Of a lease for work that ends with this daemon. */
export const IMAGE_WORK_LABELS: Readonly<Record<string, string>> = { [OWNER_LABEL]: 'work' };

/** Like `leases.use`, with a lease that a later daemon knows to be of no more use when this one dies. */
export async function withImageLease<T>(leases: Leases, work: (lease: string) => Promise<T>): Promise<T> {
  const request: LeaseCreateRequest = { labels: IMAGE_WORK_LABELS };
  return await leases.use(work, request);
}

/** A lease like that of `withImageLease`, for its maker to delete. */
export async function createImageLease(leases: Leases): Promise<string> {
  return (await leases.create({ labels: { [OWNER_LABEL]: 'work' } })).id;
}

/** As `withImageLease`; when the daemon dies meanwhile, blobs that had come whole stay for an hour. */
export async function withPullLease<T>(leases: Leases, work: (lease: string) => Promise<T>): Promise<T> {
  const request: LeaseCreateRequest = { labels: { [OWNER_LABEL]: PULL } };
  return await leases.use(work, request);
}

/** Give up the leases of a former daemon's image work, and what only they held. Only one daemon owns a namespace. */
export async function reclaimLeases(leases: Leases): Promise<void> {
  for (const lease of await leases.list()) {
    const kind = lease.labels[OWNER_LABEL];
    if (kind === undefined || (kind === KEPT && !isOld(lease))) continue;
    if (kind === PULL) await keepBlobs(leases, lease.id);
    await leases.delete(lease.id).catch((error: unknown) => {
      if (!isErrorCode(error, 'not-found')) throw error;
    });
  }
}

/** Put the blobs of a lease, and none of its half-made snapshots, under another one that ends by itself. */
async function keepBlobs(leases: Leases, lease: string): Promise<void> {
  const blobs = (await leases.resources(lease)).filter(({ type }) => type === 'content');
  if (blobs.length === 0) return;
  const kept = await leases.create({ labels: { [OWNER_LABEL]: KEPT }, expiresInMs: KEPT_FOR });
  for (const blob of blobs) await leases.addResource(kept.id, blob);
}

/** containerd stops to heed a lease that has expired, but leaves its record to whoever made it. */
function isOld({ createdAt }: LeaseRecord): boolean {
  return createdAt === undefined || Date.now() - Number(createdAt / 1_000_000n) > KEPT_FOR;
}
