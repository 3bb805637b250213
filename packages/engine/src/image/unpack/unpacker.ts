import { randomBytes } from 'node:crypto';
import { isErrorCode, KeyedMutex, type Logger, PouchError, Semaphore } from '@pouch/base';
import type { Diff, Mount, Snapshots } from '@pouch/containerd';
import { chainIds, type Descriptor, type Digest, formatPlatform, layerCompression, type Platform } from '@pouch/oci';
import type { PlatformImage } from '../image-content.ts';
import { extractionPrograms, extractLayer } from './extract-layer.ts';
import { LayerThread } from './layer-thread.ts';
import { adoptStage, type Stage, stageMounts } from './overlay-stage.ts';
import { convertWhiteouts } from './overlay-whiteouts.ts';

export interface LayerToUnpack {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Settles when the layer's blob is in the content store; absent when it is. */
  readonly ready?: Promise<void>;
}

/** File systems keep time by the kernel's coarse clock, which may lag by a tick or two. Milliseconds. */
const CLOCK_SLACK = 50;

export type LayerState = 'exists' | 'extracting' | 'done';

export interface UnpackOptions {
  /** Holds what is made here until an image does. */
  readonly lease: string;
  readonly signal?: AbortSignal | undefined;
  readonly onLayer?: ((index: number, state: LayerState) => void) | undefined;
}

export interface UnpackerDependencies {
  readonly snapshots: Snapshots;
  readonly diff: Diff;
  readonly logger: Logger;
  /** A blob's file, where this process can read it. */
  readonly blobPath: (digest: Digest) => Promise<string | undefined>;
}

/**
 * Turns layers into committed snapshots keyed by chain id, as containerd's own clients do, so that all of them share the
 * result. On overlayfs the layers are extracted side by side: each into a snapshot of its own over nothing, whose directory
 * then takes the place of the empty one of the real snapshot. Whatever cannot be done so is done in order.
 */
export class Unpacker {
  readonly #snapshots: Snapshots;
  readonly #diff: Diff;
  readonly #logger: Logger;
  readonly #blobPath: UnpackerDependencies['blobPath'];
  readonly #chains = new KeyedMutex();
  readonly #slots: Semaphore;
  /** Chains known to be there; forgotten when images go away. */
  readonly #known = new Set<string>();

  constructor(options: { readonly concurrency: number }, dependencies: UnpackerDependencies) {
    this.#snapshots = dependencies.snapshots;
    this.#diff = dependencies.diff;
    this.#logger = dependencies.logger;
    this.#blobPath = dependencies.blobPath;
    this.#slots = new Semaphore(options.concurrency);
  }

  /** Whether the snapshot of a whole stack of layers is there. No call for one seen before. */
  async has(chain: string): Promise<boolean> {
    if (chain === '' || this.#known.has(chain)) return true;
    const there = await this.#isCommitted(chain);
    if (there) this.#known.add(chain);
    return there;
  }

  /** An image was removed: any snapshot may be gone. */
  forget(): void {
    this.#known.clear();
  }

  /** Unpack what is missing, lowest first. Returns the top layer's chain id, '' for no layers. Safe to run twice at once. */
  async unpack(layers: readonly LayerToUnpack[], options: UnpackOptions): Promise<string> {
    const chains = chainIds(layers.map((layer) => layer.diffId));
    const top = chains.at(-1);
    if (top === undefined) return '';
    const first = await this.firstMissing(chains);
    for (let index = 0; index < first; index += 1) options.onLayer?.(index, 'exists');
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    // Layers take their places one after the other.
    using adopter = new LayerThread();
    const inner = { ...options, signal, adopter };
    // Every lock is asked for in this tick and in the order of the stack, so that two unpackings cannot wait for each other.
    let below: Promise<void> = Promise.resolve();
    const jobs: Promise<void>[] = [];
    for (let index = first; index < layers.length; index += 1) {
      const layer = layers[index] as LayerToUnpack;
      const chain = chains[index] as Digest;
      const lower = below;
      const parent = chains[index - 1] ?? '';
      below = this.#chains.run(chain, () => this.#layer(layer, chain, parent, lower, index, inner));
      below.catch(() => stop.abort());
      jobs.push(below);
    }
    await settleAll(jobs, options.signal);
    this.#known.add(top);
    return top;
  }

  /** How many of the lowest layers are unpacked already. */
  async firstMissing(chains: readonly string[]): Promise<number> {
    for (let index = chains.length - 1; index >= 0; index -= 1) {
      if (await this.#isCommitted(chains[index] as string)) return index + 1;
    }
    return 0;
  }

  async #layer(
    layer: LayerToUnpack,
    chain: Digest,
    parent: string,
    lower: Promise<void>,
    index: number,
    options: UnpackOptions & { readonly adopter: LayerThread },
  ): Promise<void> {
    if (await this.#isCommitted(chain)) {
      await lower;
      options.onLayer?.(index, 'exists');
      return;
    }
    if (layer.ready) await unlessAborted(layer.ready, options.signal);
    options.signal?.throwIfAborted();
    const staged = this.#snapshots.snapshotter === 'overlayfs';
    const stage = staged ? await this.#slots.run(() => this.#stage(layer, parent === '', index, options)) : undefined;
    try {
      await lower;
      const key = temporaryKey(chain);
      const mounts = await this.#snapshots.prepare(key, parent, {}, options);
      try {
        const adopted = stage !== undefined && (await adoptStage(stage, mounts, options.adopter));
        if (!adopted) await this.#slots.run(() => this.#apply(layer, mounts, index, options));
        await this.#commit(chain, key, options);
      } catch (error) {
        await this.#discard(key);
        throw error;
      }
    } finally {
      if (stage) await this.#discard(stage.key);
    }
    options.onLayer?.(index, 'done');
  }

  /** Extract into a snapshot over nothing. Undefined when that fails: the ordinary way then succeeds, or says why not. */
  async #stage(
    layer: LayerToUnpack,
    isBase: boolean,
    index: number,
    options: UnpackOptions,
  ): Promise<Stage | undefined> {
    options.onLayer?.(index, 'extracting');
    using thread = new LayerThread();
    for (const way of ['programs', 'containerd'] as const) {
      if (way === 'containerd' && isBase) return undefined;
      const key = temporaryKey(layer.diffId);
      const since = Date.now() - CLOCK_SLACK;
      try {
        const [mount] = await this.#snapshots.prepare(key, '', {}, options);
        if (!mount || !['bind', 'rbind'].includes(mount.type)) {
          await this.#discard(key);
          return undefined;
        }
        const directory = mount.source;
        if (way === 'containerd') await this.#apply(layer, stageMounts(directory), index, options);
        const isThere = way === 'containerd' || (await this.#extract(layer, directory, thread, options));
        const survey = isThere ? await thread.run('survey', { directory, since }, options.signal) : undefined;
        // containerd leaves no whiteout files.
        if (survey && (await convertWhiteouts(directory, survey.whiteouts, isBase)))
          return { key, directory, since, survey };
        await this.#discard(key);
      } catch (error) {
        await this.#discard(key);
        if (options.signal?.aborted || isErrorCode(error, 'data-loss', 'too-large')) throw error;
        this.#logger.debug('a layer could not be extracted on its own', { layer: layer.descriptor.digest, way, error });
      }
    }
    return undefined;
  }

  /** By this host's programs, which are faster than containerd. False where it has none. */
  async #extract(
    layer: LayerToUnpack,
    directory: string,
    thread: LayerThread,
    options: UnpackOptions,
  ): Promise<boolean> {
    const compression = layerCompression(layer.descriptor.mediaType);
    const programs = compression && extractionPrograms(compression);
    const blob = programs && (await this.#blobPath(layer.descriptor.digest));
    if (!programs || blob === undefined) return false;
    const actual = await extractLayer({ blob, directory, ...programs }, thread, options.signal);
    if (actual !== layer.diffId) throw wrongLayer(layer, actual);
    return true;
  }

  /** By containerd. */
  async #apply(layer: LayerToUnpack, mounts: readonly Mount[], index: number, options: UnpackOptions): Promise<void> {
    options.signal?.throwIfAborted();
    options.onLayer?.(index, 'extracting');
    const { mediaType, digest, size } = layer.descriptor;
    const applied = await this.#diff.apply({ mediaType, digest, size }, mounts, options).catch((error: unknown) => {
      if (options.signal?.aborted || !isErrorCode(error, 'internal', 'upstream')) throw error;
      // The path of containerd's temporary mount helps nobody.
      const reason = error.message.replace(/^mount callback failed on \S+: /, '');
      throw new PouchError(error.code, `The layer ${digest} cannot be unpacked: ${reason}`, { cause: error });
    });
    if (applied.digest !== layer.diffId) throw wrongLayer(layer, applied.digest);
  }

  async #commit(chain: Digest, key: string, options: UnpackOptions): Promise<void> {
    try {
      await this.#snapshots.commit(chain, key, {}, { ...options, signal: undefined });
    } catch (error) {
      // Another client of this containerd was faster.
      if (!isErrorCode(error, 'already-exists')) throw error;
      await this.#discard(key);
    }
    this.#known.add(chain);
  }

  async #isCommitted(chain: string): Promise<boolean> {
    try {
      return (await this.#snapshots.stat(chain)).kind === 'committed';
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return false;
      throw error;
    }
  }

  async #discard(key: string): Promise<void> {
    try {
      await this.#snapshots.remove(key, { deadlineMs: 30_000 });
    } catch (error) {
      // The lease's end takes it along.
      if (!isErrorCode(error, 'not-found')) this.#logger.warn('a temporary snapshot stayed behind', { key, error });
    }
  }
}

function wrongLayer({ descriptor, diffId }: LayerToUnpack, actual: string): PouchError {
  return new PouchError(
    'data-loss',
    `The layer ${descriptor.digest} unpacks to ${actual}, but the image's configuration says ${diffId}.`,
  );
}

/** The layers of an image with their diff ids. Throws invalid-argument when manifest and configuration disagree. */
export function layersOf(image: Pick<PlatformImage, 'manifest' | 'config' | 'descriptor'>): LayerToUnpack[] {
  const { layers } = image.manifest;
  const diffIds = image.config.rootfs.diff_ids;
  if (layers.length !== diffIds.length) {
    throw new PouchError(
      'invalid-argument',
      `The manifest ${image.descriptor.digest} has ${layers.length} layers, but its configuration names ${diffIds.length}.`,
    );
  }
  return layers.map((descriptor, index) => ({ descriptor, diffId: diffIds[index] as Digest }));
}

/** Throws unsupported for an image whose file system makes no sense on this host. */
export function requireLinux(platform: Platform): void {
  if (platform.os !== '' && platform.os !== 'linux') {
    throw new PouchError('unsupported', `The image is for ${formatPlatform(platform)}; this host runs linux.`);
  }
}

function temporaryKey(name: string): string {
  return `pouch-extract-${randomBytes(8).toString('hex')} ${name}`;
}

/** Wait for all, then throw the first failure that is not merely the stop that another failure caused. */
async function settleAll(jobs: readonly Promise<void>[], signal?: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(jobs);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length === 0) return;
  if (signal?.aborted) throw signal.reason;
  throw failures.find((error) => !isStop(error)) ?? failures[0];
}

function isStop(error: unknown): boolean {
  return isErrorCode(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
}

/** Wait for a promise, but not beyond an abort. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
