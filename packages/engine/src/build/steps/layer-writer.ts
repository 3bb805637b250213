import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrorCode, PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { chainId, type Digest, isDigest, MEDIA_TYPE } from '@pouch/oci';
import { HeldDirectory } from '../../container/filesystem/held-directory.ts';
import { isOverlay, lowersOf, upperOf } from '../../container/filesystem/layered-view.ts';
import type { PackedLayer } from '../../container/filesystem/worker/pack-layer.ts';
import { UNCOMPRESSED_LABEL } from '../../image/content-labels.ts';
import type { BuiltLayer } from '../../image/image-builder.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { BuildLease } from '../build-lease.ts';
import type { BuildState } from '../build-state.ts';
import { BuildCache } from '../cache/build-cache.ts';

/** The digest of a tar file with nothing in it. */
const EMPTY_DIFF = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/** A layer that a step has made, in the content store and as a snapshot; without `layer` the step changed no file. */
export interface WrittenLayer {
  readonly layer?: BuiltLayer;
  readonly chain: string;
}

/**
 * Makes layers: files are put right into a snapshot, which becomes the layer's own by being committed; its blob is written from
 * what stands in the snapshot's directory. Nothing is unpacked, and nothing compared.
 */
export class LayerWriter {
  readonly #env: BuildEnvironment;
  readonly #lease: BuildLease;
  readonly #signal: AbortSignal;

  constructor(environment: BuildEnvironment, lease: BuildLease, signal: AbortSignal) {
    this.#env = environment;
    this.#lease = lease;
    this.#signal = signal;
  }

  /** A layer over a state, of what `fill` does to its file system. */
  async write(
    state: BuildState,
    fill: (root: HeldDirectory, mounts: readonly Mount[]) => Promise<void>,
  ): Promise<WrittenLayer> {
    const key = `pouch-build-${randomBytes(8).toString('hex')}`;
    const lease = await this.#lease.id();
    const mounts = await this.#env.containerd.snapshots.prepare(key, state.chain, {}, { lease });
    try {
      {
        await using tree = await this.#env.mounts.writable(key, mounts);
        using root = new HeldDirectory(tree.path);
        await fill(root, mounts);
      }
      return await this.commit(state, key, mounts, { engineFiles: false });
    } catch (error) {
      await this.discard(key);
      throw error;
    }
  }

  /** The file system of a state, to be looked at. */
  async view<T>(chain: string, use: (root: HeldDirectory) => Promise<T>): Promise<T> {
    await using resources = new AsyncDisposableStack();
    const key = `pouch-build-view-${randomBytes(8).toString('hex')}`;
    const lease = await this.#lease.id();
    const mounts = await this.#env.containerd.snapshots.view(key, chain, {}, { lease });
    resources.defer(async () => await this.discard(key));
    const tree = resources.use(await this.#env.mounts.snapshot(key, mounts));
    const root = resources.use(new HeldDirectory(tree.path));
    return await use(root);
  }

  /** Make an active snapshot that nobody writes to any more the layer over `state`. Without changes it is removed. */
  async commit(
    state: BuildState,
    key: string,
    mounts: readonly Mount[],
    options: { readonly engineFiles: boolean },
  ): Promise<WrittenLayer> {
    const made = await this.layerOf(state, mounts, options);
    if (!made) {
      await this.discard(key);
      return { chain: state.chain };
    }
    const { layer, stored } = made;
    const chain = chainId([...state.layers.map(({ diffId }) => diffId), layer.diffId]) as Digest;
    await Promise.all([stored, this.#commitSnapshot(chain, key)]);
    return { layer, chain };
  }

  /** What a snapshot has over `state` as a layer, on its way into the content store; undefined for nothing. */
  async layerOf(
    state: BuildState,
    mounts: readonly Mount[],
    { engineFiles }: { readonly engineFiles: boolean },
  ): Promise<{ readonly layer: BuiltLayer; readonly stored: Promise<unknown> } | undefined> {
    const upper = upperDirectory(mounts, this.#env.containerd.snapshots.snapshotter);
    const path = join(this.#env.directory, `layer-${randomBytes(8).toString('hex')}`);
    try {
      const packed: PackedLayer = upper
        ? await this.#env.workers.run(this.#signal, (worker) =>
            worker.call('packLayer', {
              upper,
              lowers: isOverlay(mounts) ? lowersOf(mounts) : [],
              output: path,
              engineFiles,
            }),
          )
        : { kind: 'redirected' };
      if (packed.kind === 'empty') return undefined;
      if (packed.kind === 'redirected') return await this.#compare(state, mounts);
      const { digest, diffId, size } = packed as { digest: Digest; diffId: Digest; size: number };
      const mediaType = MEDIA_TYPE.ociLayerGzip;
      const lease = await this.#lease.id();
      const stored = this.#env.images.assembly
        .addLayer({ path, digest, diffId, size, mediaType }, BuildCache.labels(), lease, this.#signal)
        .finally(() => rm(path, { force: true }));
      stored.catch(() => {});
      return { layer: { descriptor: { mediaType, digest, size }, diffId }, stored };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** By containerd, which walks both trees: for snapshots that are no overlays, and for redirected directories. */
  async #compare(
    state: BuildState,
    upper: readonly Mount[],
  ): Promise<{ readonly layer: BuiltLayer; readonly stored: Promise<unknown> } | undefined> {
    const { snapshots, diff, content } = this.#env.containerd;
    const lease = await this.#lease.id();
    const key = `pouch-build-${randomBytes(8).toString('hex')}`;
    const lower = state.chain === '' ? [] : await snapshots.view(key, state.chain, {}, { lease });
    try {
      const blob = await diff.diff({ lower, upper, mediaType: MEDIA_TYPE.ociLayerGzip, ref: key }, { lease });
      const { labels } = await content.updateLabels(blob.digest, BuildCache.labels());
      const diffId = labels[UNCOMPRESSED_LABEL];
      if (!isDigest(diffId) || !isDigest(blob.digest)) {
        throw new PouchError('upstream', `containerd did not tell the uncompressed digest of ${blob.digest}.`);
      }
      if (diffId === EMPTY_DIFF) return undefined;
      const { mediaType, digest, size } = blob;
      return { layer: { descriptor: { mediaType, digest, size }, diffId }, stored: Promise.resolve() };
    } finally {
      if (state.chain !== '') await this.discard(key);
    }
  }

  async #commitSnapshot(chain: Digest, key: string): Promise<void> {
    const lease = await this.#lease.id();
    try {
      await this.#env.containerd.snapshots.commit(chain, key, BuildCache.labels(), { lease });
    } catch (error) {
      if (!isErrorCode(error, 'already-exists')) throw error;
      // The same files over the same layers, made before: that one is held from now on.
      await this.#env.containerd.snapshots.updateLabels(chain, BuildCache.labels());
      await this.discard(key);
    }
  }

  async discard(key: string): Promise<void> {
    try {
      await this.#env.containerd.snapshots.remove(key, { deadlineMs: 30_000 });
    } catch (error) {
      if (!isErrorCode(error, 'not-found'))
        this.#env.logger.warn('a snapshot of a build stays for now', { key, error });
    }
  }
}

/** Where what is new stands: an overlay's upper directory, or the whole directory of a snapshot over nothing. */
function upperDirectory(mounts: readonly Mount[], snapshotter: string): string | undefined {
  if (isOverlay(mounts)) return upperOf(mounts);
  const [only, more] = mounts;
  const isBind = only !== undefined && !more && ['bind', 'rbind'].includes(only.type);
  return isBind && snapshotter === 'overlayfs' ? only.source : undefined;
}
