import { PouchError } from '@pouch/base';
import {
  type Descriptor,
  type Digest,
  digestHex,
  digestOf,
  IMAGE_CONFIG_SIZE_LIMIT,
  type ImageConfig,
  isIndexType,
  isManifestType,
  MANIFEST_SIZE_LIMIT,
  MEDIA_TYPE,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifestDocument,
  tryParseReference,
} from '@pouch/oci';
import { storedName } from '../image-names.ts';
import type { ArchiveSpool, SpooledFile } from './archive-spool.ts';
import { detectCompression } from './decompress.ts';
import { open } from 'node:fs/promises';

/** The annotations by which an OCI layout names its images: containerd's holds the whole name, OCI's often the tag only. */
const NAME_ANNOTATION = 'io.containerd.image.name';
const REFERENCE_ANNOTATION = 'org.opencontainers.image.ref.name';
/** `manifest.json` of an archive with many images. */
const LIST_LIMIT = 4 << 20;

/** An image in an archive: the root document, and names to give it. */
export interface ArchiveImage {
  readonly target: Descriptor;
  readonly names: readonly string[];
}

/** What an archive holds: images, and their blobs by digest (files of the archive, or documents made from it). */
export interface ArchiveContents {
  readonly images: readonly ArchiveImage[];
  readonly blobs: ReadonlyMap<string, SpooledFile | Buffer>;
}

interface DockerEntry {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** Read what `docker save`, `pouch save`, skopeo, buildx or any OCI tool wrote. Throws invalid-argument. */
export async function readArchiveImages(spool: ArchiveSpool): Promise<ArchiveContents> {
  const blobs = layoutBlobs(spool);
  const entries = await readDockerList(spool);
  const index = await spool.readSmall('index.json', MANIFEST_SIZE_LIMIT);
  if (index) return { images: await layoutImages(index, entries, spool, blobs), blobs };
  if (entries.length > 0) return await dockerImages(entries, spool);
  throw new PouchError(
    'invalid-argument',
    'The archive holds no image: it has neither manifest.json nor index.json. (A root file system is imported, not loaded.)',
  );
}

/** Blobs of an OCI layout. Throws invalid-argument for one whose content is not what its name says. */
function layoutBlobs(spool: ArchiveSpool): Map<string, SpooledFile | Buffer> {
  const blobs = new Map<string, SpooledFile | Buffer>();
  for (const name of spool.names) {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
    const file = hex === undefined ? undefined : spool.get(name);
    if (!file) continue;
    if (file.digest !== `sha256:${hex}`) {
      throw new PouchError(
        'invalid-argument',
        `The blob sha256:${hex} in the archive is corrupt: its digest is ${file.digest}.`,
      );
    }
    blobs.set(file.digest, file);
  }
  return blobs;
}

async function layoutImages(
  bytes: Buffer,
  entries: readonly DockerEntry[],
  spool: ArchiveSpool,
  blobs: ReadonlyMap<string, SpooledFile | Buffer>,
): Promise<ArchiveImage[]> {
  const roots = parseIndex(bytes).manifests.filter(
    ({ mediaType }) => isIndexType(mediaType) || isManifestType(mediaType) || mediaType === '',
  );
  const images = new Map<string, { target: Descriptor; names: Set<string> }>();
  for (const root of roots) {
    const { mediaType, digest, size } = root;
    const known = images.get(digest) ?? { target: { mediaType, digest, size }, names: new Set<string>() };
    const name = annotatedName(root);
    if (name !== undefined) known.names.add(name);
    images.set(digest, known);
  }
  for (const entry of entries) {
    const config = await configDigest(entry, spool);
    for (const image of images.values()) {
      if (!(await refersTo(image.target, config, blobs, spool))) continue;
      for (const tag of entry.tags) image.names.add(storedName(tag));
    }
  }
  if (images.size === 0) throw new PouchError('invalid-argument', "The archive's index.json names no image.");
  return [...images.values()].map(({ target, names }) => ({ target, names: [...names] }));
}

function annotatedName(root: Descriptor): string | undefined {
  const name = root.annotations?.[NAME_ANNOTATION] ?? root.annotations?.[REFERENCE_ANNOTATION];
  // A lone tag says nothing about the repository.
  if (name === undefined || !/[:/]/.test(name)) return undefined;
  const reference = tryParseReference(name);
  return reference && storedName(name);
}

async function configDigest(entry: DockerEntry, spool: ArchiveSpool): Promise<string> {
  return spool.get(entry.config)?.digest ?? '';
}

/** Whether the document, or a member of it that is in the archive, has this configuration. */
async function refersTo(
  target: Descriptor,
  config: string,
  blobs: ReadonlyMap<string, SpooledFile | Buffer>,
  spool: ArchiveSpool,
  depth = 0,
): Promise<boolean> {
  if (!blobs.has(target.digest) || depth > 3) return false;
  const bytes = await spool.readSmall(`blobs/sha256/${digestHex(target.digest)}`, MANIFEST_SIZE_LIMIT);
  if (!bytes) return false;
  const document = parseManifestDocument(bytes, target.mediaType || undefined);
  if (document.kind === 'manifest') return document.manifest.config.digest === config;
  for (const child of document.index.manifests) {
    if (await refersTo(child, config, blobs, spool, depth + 1)) return true;
  }
  return false;
}

/** The older form: configuration and layers by path. Manifests are made for them. */
async function dockerImages(entries: readonly DockerEntry[], spool: ArchiveSpool): Promise<ArchiveContents> {
  const blobs = new Map<string, SpooledFile | Buffer>();
  const images: ArchiveImage[] = [];
  for (const entry of entries) {
    const config = requireFile(spool, entry.config);
    const bytes = (await spool.readSmall(entry.config, IMAGE_CONFIG_SIZE_LIMIT)) as Buffer;
    const layers: Descriptor[] = [];
    const diffIds = diffIdsOf(bytes, entry);
    for (const [index, path] of entry.layers.entries()) {
      const file = requireFile(spool, path);
      layers.push(await layerDescriptor(file, diffIds[index] as Digest, path));
      blobs.set(file.digest, file);
    }
    blobs.set(config.digest, config);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: { mediaType: MEDIA_TYPE.dockerConfig, digest: config.digest, size: config.size },
      layers,
    };
    const document = Buffer.from(JSON.stringify(manifest));
    const target: Descriptor = { mediaType: manifest.mediaType, digest: digestOf(document), size: document.length };
    blobs.set(target.digest, document);
    images.push({ target, names: entry.tags.map(storedName) });
  }
  return { images, blobs };
}

function diffIdsOf(config: Buffer, entry: DockerEntry): readonly Digest[] {
  const parsed: ImageConfig = parseImageConfig(config);
  const diffIds = parsed.rootfs.diff_ids;
  if (diffIds.length !== entry.layers.length) {
    throw new PouchError(
      'invalid-argument',
      `invalid manifest, layers length mismatch: ${entry.config} names ${diffIds.length} layers, manifest.json has ${entry.layers.length}.`,
    );
  }
  return diffIds;
}

async function layerDescriptor(file: SpooledFile, diffId: Digest, path: string): Promise<Descriptor> {
  const compression = detectCompression(await readHead(file.path));
  if (compression === 'none' && file.digest !== diffId) {
    throw new PouchError(
      'invalid-argument',
      `The layer ${path} in the archive is corrupt: its digest is ${file.digest}, expected ${diffId}.`,
    );
  }
  const mediaType =
    compression === 'gzip'
      ? MEDIA_TYPE.dockerLayerGzip
      : compression === 'zstd'
        ? MEDIA_TYPE.dockerLayerZstd
        : MEDIA_TYPE.dockerLayer;
  return { mediaType, digest: file.digest, size: file.size };
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(8);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function requireFile(spool: ArchiveSpool, name: string): SpooledFile {
  const file = spool.get(name);
  if (!file)
    throw new PouchError(
      'invalid-argument',
      `The archive lacks ${JSON.stringify(name)}, which its manifest.json names.`,
    );
  return file;
}

async function readDockerList(spool: ArchiveSpool): Promise<DockerEntry[]> {
  const bytes = await spool.readSmall('manifest.json', LIST_LIMIT);
  if (!bytes) return [];
  let list: unknown;
  try {
    list = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new PouchError('invalid-argument', 'manifest.json in the archive is not valid JSON.', { cause: error });
  }
  if (!Array.isArray(list)) throw badList();
  return list.map(readDockerEntry);
}

function readDockerEntry(value: unknown): DockerEntry {
  if (typeof value !== 'object' || value === null) throw badList();
  const { Config, RepoTags, Layers } = value as Record<string, unknown>;
  const tags: unknown = RepoTags ?? [];
  const layers: unknown = Layers ?? [];
  if (typeof Config !== 'string' || !isStrings(tags) || !isStrings(layers)) throw badList();
  return { config: Config, tags, layers };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function badList(): PouchError {
  return new PouchError(
    'invalid-argument',
    'manifest.json in the archive must be a list of objects with Config, RepoTags and Layers.',
  );
}
