import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTime, nowNanos } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import { type Digest, type ImageConfig, type ImageRunConfig, type Platform, parsePlatform } from '@pouch/oci';
import { type LayerFile, writeLayerFile } from './archive/layer-file.ts';
import { type FileEntry, packFiles } from './archive/pack-files.ts';
import { applyChanges } from './changes.ts';
import type { ImageBuilder } from './image-builder.ts';
import { platformOf } from './image-content.ts';
import { tagTarget } from './image-names.ts';
import type { Progress } from './image-service.ts';
import { withImageLease } from './reconcile-images.ts';

export interface ImportOptions {
  readonly repository?: string;
  readonly tag?: string;
  readonly message?: string;
  readonly changes?: readonly string[];
  readonly platform?: string;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

export interface ImageImporterDependencies {
  readonly containerd: ContainerdClient;
  readonly builder: ImageBuilder;
}

/** One-layer images out of a root file system: from a tar stream, or from files in memory. */
export class ImageImporter {
  readonly #directory: string;
  readonly #platform: Platform;
  readonly #deps: ImageImporterDependencies;

  constructor(
    options: { readonly directory: string; readonly platform: Platform },
    dependencies: ImageImporterDependencies,
  ) {
    this.#directory = join(options.directory, 'tmp');
    this.#platform = baseline(options.platform);
    this.#deps = dependencies;
  }

  /** A tar stream with any compression. Returns the image's id. */
  async importArchive(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Digest> {
    const name = options.repository ? tagTarget(options.repository, options.tag) : undefined;
    const config = applyChanges({}, options.changes ?? []);
    const platform = options.platform === undefined ? this.#platform : parsePlatform(options.platform);
    await using layer = await this.#layer(archive, options);
    const created = formatTime(nowNanos());
    const history = { created, comment: options.message ?? 'Imported from -' };
    return await this.#build(layer, { platform, config, created, history, name, signal: options.signal });
  }

  /**
   * An image of these files, with no registry: the same files and configuration give the same digest, always. `name` is
   * moved to it if taken.
   */
  async importFiles(name: string, files: readonly FileEntry[], config: ImageRunConfig): Promise<Digest> {
    const reference = tagTarget(name);
    await using layer = await this.#plainLayer(files);
    const created = formatTime(0n);
    const history = { created, created_by: 'pouch import' };
    return await this.#build(layer, { platform: this.#platform, config, created, history, name: reference });
  }

  async #build(
    layer: LayerFile,
    image: {
      platform: Platform;
      config: ImageRunConfig;
      created: string;
      history: ImageConfig['history'][number];
      name: ReturnType<typeof tagTarget> | undefined;
      signal?: AbortSignal | undefined;
    },
  ): Promise<Digest> {
    const { platform, config, created, history, name, signal } = image;
    return await withImageLease(this.#deps.containerd.leases, async (lease) => {
      const built = await this.#deps.builder.addLayer(layer, lease, signal);
      const document: ImageConfig = {
        ...platformOf(platform),
        created,
        config,
        rootfs: { type: 'layers', diff_ids: [layer.diffId] },
        history: [history],
      };
      return await this.#deps.builder.build({ config: document, layers: [built], name, lease, signal });
    });
  }

  async #layer(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<LayerFile> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const { onProgress, signal } = options;
    let toldAt = 0;
    const onBytes = (current: number): void => {
      if (Date.now() - toldAt < 100) return;
      toldAt = Date.now();
      onProgress?.({ status: 'Importing', progressDetail: { current } });
    };
    return await writeLayerFile(archive, this.#directory, { signal, ...(onProgress && { onBytes }) });
  }

  async #plainLayer(files: readonly FileEntry[]): Promise<LayerFile> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    return await packFiles(files, this.#directory);
  }
}

/** The platform without this host's own level (`v3`): what is imported here need not run only on as new a processor. */
function baseline({ os, architecture, variant }: Platform): Platform {
  return { os, architecture, ...(architecture === 'arm' && variant !== undefined && { variant }) };
}
