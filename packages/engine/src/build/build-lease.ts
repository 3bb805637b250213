import { isErrorCode } from '@pouch/base';
import type { Leases } from '@pouch/containerd';
import { IMAGE_WORK_LABELS } from '../image/reconcile-images.ts';

/** Holds what a build makes until an image or the cache does; made when it is first needed, for a build may make nothing. */
export class BuildLease implements AsyncDisposable {
  readonly #leases: Leases;
  #id: Promise<string> | undefined;

  constructor(leases: Leases) {
    this.#leases = leases;
  }

  async id(): Promise<string> {
    this.#id ??= this.#leases
      .create({ labels: IMAGE_WORK_LABELS, expiresInMs: 24 * 3_600_000 })
      .then((lease) => lease.id);
    return await this.#id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#id) return;
    const id = await this.#id.catch(() => undefined);
    if (id === undefined) return;
    await this.#leases.delete(id, false, { deadlineMs: 10_000 }).catch((error: unknown) => {
      if (!isErrorCode(error, 'not-found', 'unavailable', 'deadline-exceeded')) throw error;
    });
  }
}
