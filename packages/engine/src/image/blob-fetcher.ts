import { rm } from 'node:fs/promises';
import { isErrorCode, KeyedMutex, Semaphore } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import type { Descriptor, ImageReference } from '@pouch/oci';
import type { RegistryClient, RegistryCredentials } from '@pouch/registry';
import { type Labels, withSource } from './content-labels.ts';

export interface FetchRequest {
  readonly reference: ImageReference;
  readonly descriptor: Descriptor;
  readonly lease: string;
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStart?: () => void;
  readonly onProgress?: (bytes: number) => void;
}

export interface BlobFetcherDependencies {
  readonly containerd: ContainerdClient;
  readonly registry: RegistryClient;
}

/**
 * Brings blobs from a registry into the content store, a few at a time. One that several pulls want is fetched once. What a
 * broken pull leaves in the directory is built upon by the next.
 */
export class BlobFetcher {
  readonly #directory: string;
  readonly #deps: BlobFetcherDependencies;
  readonly #blobs = new KeyedMutex();
  readonly #slots: Semaphore;

  constructor(
    options: { readonly directory: string; readonly concurrency: number },
    dependencies: BlobFetcherDependencies,
  ) {
    this.#directory = options.directory;
    this.#slots = new Semaphore(options.concurrency);
    this.#deps = dependencies;
  }

  /** True when it had to be fetched. */
  async fetch(request: FetchRequest): Promise<boolean> {
    return await this.#blobs.run(request.descriptor.digest, async () => {
      request.signal?.throwIfAborted();
      if (await this.adopt(request)) return false;
      await this.#slots.run(() => this.#transfer(request));
      return true;
    });
  }

  /** Put a blob that is here under the lease, and note that this repository has it too. False when it is not here. */
  async adopt({ descriptor, lease, reference }: FetchRequest): Promise<boolean> {
    const { content, leases } = this.#deps.containerd;
    const { digest } = descriptor;
    try {
      // First the lease, then the look: the other way round it could be collected in between.
      await leases.addResource(lease, { id: digest, type: 'content' });
      const { labels } = await content.info(digest);
      const source: Labels = withSource(labels, reference);
      const [[key, value] = ['', '']] = Object.entries(source);
      if (labels[key] !== value) await content.updateLabels(digest, source);
      return true;
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return false;
      throw error;
    }
  }

  async #transfer(request: FetchRequest): Promise<void> {
    const { reference, descriptor, credentials, signal, lease, onProgress } = request;
    const { digest, size } = descriptor;
    signal?.throwIfAborted();
    request.onStart?.();
    const path = await this.#deps.registry.fetchBlob(reference, descriptor, this.#directory, {
      credentials,
      signal,
      onProgress,
    });
    try {
      const labels = withSource({}, reference);
      await this.#deps.containerd.ingest.file({ path, digest, size, labels, verified: true }, { lease });
    } finally {
      await rm(path, { force: true });
    }
  }
}
