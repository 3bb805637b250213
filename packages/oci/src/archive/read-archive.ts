import { Readable } from 'node:stream';
import { PouchError } from '@pouch/base';
import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import { JsonReader } from '../json.ts';
import type { ArchivedImage, ArchiveFiles, BlobSink, StoredBlob } from './blob-sink.ts';
import { imagesOfDockerManifest } from './docker-layout.ts';
import { imagesOfOciIndex } from './oci-layout.ts';
import { readTarEntries, type TarEntry } from './tar-entries.ts';

/** Bytes of `manifest.json` or `index.json`. */
const INDEX_LIMIT = 16 * 1024 * 1024;
const LINK_LIMIT = 16;

export interface ReadArchiveOptions {
  readonly signal?: AbortSignal;
  /** Bytes of content that have been taken. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Read a `docker save` archive (old and new) or an OCI layout in one pass: every blob goes to the sink as it comes by. Returns
 * the images; their manifests, which old archives lack, have been written to the sink as well. Throws invalid-argument.
 */
export async function readImageArchive(
  archive: Readable,
  sink: BlobSink,
  options: ReadArchiveOptions = {},
): Promise<ArchivedImage[]> {
  const blobs = new Map<string, StoredBlob>();
  const links = new Map<string, string>();
  const documents = new Map<string, Buffer>();
  let taken = 0;
  for await (const entry of readTarEntries(archive)) {
    options.signal?.throwIfAborted();
    if (entry.type === 'link') links.set(entry.path, entry.target ?? '');
    else if (entry.path === 'manifest.json' || entry.path === 'index.json') {
      documents.set(entry.path, await collect(entry, INDEX_LIMIT));
    } else if (isContent(entry.path)) {
      blobs.set(entry.path, await store(entry, sink));
      options.onProgress?.((taken += entry.size));
    }
  }
  const files: ArchiveFiles = { sink, find: (path) => blobs.get(follow(path, links)) };
  const index = documents.get('index.json');
  const manifest = documents.get('manifest.json');
  const docker = manifest && JsonReader.parse(manifest, INDEX_LIMIT, 'manifest.json');
  if (index) return imagesOfOciIndex(JsonReader.parse(index, INDEX_LIMIT, 'index.json'), docker, files);
  if (docker) return await imagesOfDockerManifest(docker, files);
  throw new PouchError('invalid-argument', 'the archive holds no image: it has neither manifest.json nor index.json');
}

/** Layers and configurations of any layout (crane's too); not the `json`, `VERSION` and `repositories` files of old archives. */
function isContent(path: string): boolean {
  return (
    path.startsWith('blobs/') || /\.(tar|tar\.gz|tgz)$/.test(path) || /^(sha256:)?[0-9a-f]{64}(\.json)?$/.test(path)
  );
}

async function store(entry: TarEntry, sink: BlobSink): Promise<StoredBlob> {
  const expected = digestOfPath(entry.path);
  let head: Buffer | undefined;
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of entry.content) {
      if (head === undefined || head.length < 4) head = Buffer.concat([head ?? Buffer.alloc(0), chunk.subarray(0, 4)]);
      yield chunk;
    }
  };
  const content = Readable.from(watched(), { objectMode: false, highWaterMark: 1024 * 1024 });
  const digest = await sink.put(content, { size: entry.size, ...(expected && { expected }) });
  if (expected !== undefined && digest !== expected) {
    throw new PouchError('data-loss', `the archive's ${entry.path} is corrupted: its content has the digest ${digest}`);
  }
  const magic = head?.toString('hex') ?? '';
  const compression = magic.startsWith('1f8b') ? 'gzip' : magic.startsWith('28b52ffd') ? 'zstd' : 'none';
  return { digest, size: entry.size, compression };
}

function digestOfPath(path: string): Digest | undefined {
  const [folder, algorithm, hex] = path.split('/');
  const digest = `${algorithm}:${hex}`;
  return folder === 'blobs' && isDigest(digest) ? digest : undefined;
}

/** Old `docker save` wrote a repeated layer once, and links to it. */
function follow(path: string, links: ReadonlyMap<string, string>): string {
  let at = path;
  for (let hop = 0; hop < LINK_LIMIT; hop += 1) {
    const next = links.get(at);
    if (next === undefined) return at;
    at = next;
  }
  throw new PouchError('invalid-argument', `the archive's ${path} is a link that leads nowhere`);
}

async function collect(entry: TarEntry, limit: number): Promise<Buffer> {
  if (entry.size > limit) {
    throw new PouchError(
      'too-large',
      `the archive's ${entry.path} has ${entry.size} bytes; at most ${limit} are accepted`,
    );
  }
  return Buffer.concat(await Array.fromAsync(entry.content));
}
