import { randomBytes } from 'node:crypto';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerChange } from '@pouch/api';
import type { ContainerdClient, Mount } from '@pouch/containerd';
import { layersOf } from '../spec/rootfs-view.ts';
import { ENGINE_PATHS } from './engine-paths.ts';
import { HeldDirectory } from './held-directory.ts';
import { isOverlay, lowersOf, upperOf, viewOptions } from './layered-view.ts';
import type { RootfsMounts } from './rootfs-mounts.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface CompareDependencies {
  readonly containerd: ContainerdClient;
  readonly mounts: RootfsMounts;
  readonly workers: WorkerPool;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a container changed. Of an overlay only what stands in its upper directory is looked at, in the kernel's merged view of
 * all layers and in that of the image's; of other snapshots both trees are walked.
 */
export async function compareWithImage(
  id: string,
  snapshot: readonly Mount[],
  dependencies: CompareDependencies,
): Promise<ContainerChange[]> {
  await using resources = new AsyncDisposableStack();
  const { mounts, workers, signal } = dependencies;
  const hold = (path: string): HeldDirectory => resources.use(new HeldDirectory(path));
  const upperPath = isOverlay(snapshot) ? upperOf(snapshot) : undefined;
  let now: HeldDirectory;
  let before: HeldDirectory;
  if (upperPath === undefined) {
    now = hold(resources.use(await mounts.snapshot(id, snapshot)).path);
    before = hold(await imageOf(id, dependencies, resources));
  } else {
    const options = viewOptions(snapshot);
    now = hold(resources.use(await mounts.view(id, layersOf(snapshot), options)).path);
    before = hold(resources.use(await mounts.view(id, lowersOf(snapshot), options)).path);
  }
  const upper = upperPath === undefined ? undefined : hold(upperPath);
  return await workers.run(signal, async (worker) =>
    worker.call('changes', {
      now: now.descriptor,
      before: before.descriptor,
      ...(upper && { upper: upper.descriptor }),
      ignored: ENGINE_PATHS,
    }),
  );
}

/** The snapshot's parent, mounted through a view of its own; an empty directory for one without parents. */
async function imageOf(
  id: string,
  { containerd, mounts }: CompareDependencies,
  resources: AsyncDisposableStack,
): Promise<string> {
  const { parent } = await containerd.snapshots.stat(id);
  if (parent === '') {
    const empty = await mkdtemp(join(tmpdir(), 'pouch-empty-'));
    resources.defer(async () => await rmdir(empty));
    return empty;
  }
  const key = `${id}-before-${randomBytes(4).toString('hex')}`;
  const { id: lease } = await containerd.leases.create({ expiresInMs: 3_600_000 });
  resources.defer(async () => await containerd.leases.delete(lease));
  const view = await containerd.snapshots.view(key, parent, {}, { lease });
  resources.defer(async () => await containerd.snapshots.remove(key));
  return resources.use(await mounts.snapshot(key, view)).path;
}
