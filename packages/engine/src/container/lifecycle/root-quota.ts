import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import type { QuotaService } from '../../quota/quota-service.ts';
import type { Container } from '../container.ts';
import type { ContainerQuota, ContainerRecord } from '../container-record.ts';
import { upperOf } from '../filesystem/layered-view.ts';

/**
 * The limited directory of a container is mounted over its snapshot's own, with upper and work directory in it: all paths stay
 * as containerd knows them, so that diff, commit, cp and export need not know of it.
 */
export class RootQuota {
  readonly #quotas: QuotaService;

  constructor(quotas: QuotaService) {
    this.#quotas = quotas;
  }

  /** Before the snapshot is used: after its making, and after a reboot. Idempotent. */
  async place(container: Container, mounts: readonly Mount[]): Promise<void> {
    const quota = rootQuota(container.record);
    if (!quota) return;
    const upper = upperOf(mounts);
    if (upper === undefined) {
      throw new PouchError('unsupported', '--disk-quota needs the snapshotter overlayfs for the root file system.');
    }
    const snapshot = dirname(upper);
    const member = memberName(container.snapshotKey);
    this.#quotas.enlist(quota.id, member, snapshot);
    await this.#quotas.place(quota.id, member, async (directory) => await furnish(snapshot, directory));
  }

  /** containerd moves a snapshot's directory before it deletes it, which a mount on it forbids. */
  async displace(container: Container, snapshotKey: string): Promise<void> {
    const quota = rootQuota(container.record);
    if (quota) await this.#quotas.displace(quota.id, memberName(snapshotKey));
  }

  /** Run `work`, which mounts the snapshot, also where the quota is used up. */
  async withRoom<T>(container: Container, work: () => Promise<T>): Promise<T> {
    const quota = rootQuota(container.record);
    // Nothing was written before the first start.
    if (!quota || container.state.finishedAt === '') return await work();
    return await this.#quotas.withRoom(quota.id, work);
  }

  /** One of its snapshots goes: that of a generation before an upgrade. */
  async leaveGeneration(container: Container, snapshotKey: string): Promise<void> {
    const quota = rootQuota(container.record);
    if (quota) await this.#quotas.leave(quota.id, memberName(snapshotKey));
  }

  /** Gone for good. */
  async leave(container: Container): Promise<void> {
    for (const { id } of container.record.quotas ?? []) {
      for (const key of container.snapshotKeys) await this.#quotas.leave(id, memberName(key));
      await this.#quotas.discard(id);
    }
  }
}

/** Each generation of a container writes for itself, and all within its quota. */
export function memberName(snapshotKey: string): string {
  return `container-${snapshotKey}`;
}

export function rootQuota(record: ContainerRecord): ContainerQuota | undefined {
  return record.quotas?.find(({ paths }) => paths.includes('/'));
}

/** As containerd made them: the root directory's owner and mode are the image's. */
async function furnish(snapshot: string, directory: string): Promise<void> {
  for (const name of ['fs', 'work']) {
    const { mode, uid, gid } = await stat(join(snapshot, name));
    const copy = join(directory, name);
    await mkdir(copy);
    await chown(copy, uid, gid);
    await chmod(copy, mode & 0o7777);
  }
}
