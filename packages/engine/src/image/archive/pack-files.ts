import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PouchError } from '@pouch/base';
import { type Digest, MEDIA_TYPE } from '@pouch/oci';
import { pack } from 'tar-stream';
import type { LayerFile } from './layer-file.ts';

/** A file for an image made in memory. Owned by root; directories above it are made as needed. */
export interface FileEntry {
  /** Absolute, in the image. */
  readonly path: string;
  /** Bytes of a regular file. */
  readonly content?: Uint8Array | string;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** A directory, also where it stays empty. */
  readonly directory?: true;
  /** Default 0644 for files, 0755 for directories. */
  readonly mode?: number;
}

/** These files as an uncompressed layer whose bytes depend on nothing but them: sorted, with the time zero. */
export async function packFiles(files: readonly FileEntry[], parent: string): Promise<LayerFile> {
  const tar = pack();
  const chunks: Buffer[] = [];
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  for (const [name, entry] of withDirectories(files)) await addEntry(tar, name, entry);
  tar.finalize();
  await collected;
  const bytes = Buffer.concat(chunks);
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const directory = await mkdtemp(join(parent, 'layer-'));
  const path = join(directory, 'layer');
  await writeFile(path, bytes, { mode: 0o600 });
  return {
    path,
    digest,
    diffId: digest,
    size: bytes.length,
    mediaType: MEDIA_TYPE.ociLayer,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** By name in the archive, sorted, so that a directory comes before what is in it. */
function withDirectories(files: readonly FileEntry[]): [string, FileEntry][] {
  const entries = new Map<string, FileEntry>();
  for (const file of files) {
    const name = posix.normalize(file.path).replace(/^\/+|\/+$/g, '');
    if (name === '' || name.startsWith('..')) throw new PouchError('invalid-argument', `invalid path: '${file.path}'`);
    entries.set(name, file);
    for (let above = posix.dirname(name); above !== '.'; above = posix.dirname(above)) {
      if (!entries.has(above)) entries.set(above, { path: above, directory: true });
    }
  }
  return [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

async function addEntry(tar: ReturnType<typeof pack>, name: string, entry: FileEntry): Promise<void> {
  const common = { mtime: new Date(0), uid: 0, gid: 0, uname: 'root', gname: 'root' };
  const content = Buffer.from(entry.content ?? '');
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (entry.directory) {
      tar.entry({ ...common, name: `${name}/`, type: 'directory', mode: entry.mode ?? 0o755 }, done);
    } else if (entry.link !== undefined) {
      tar.entry({ ...common, name, type: 'symlink', linkname: entry.link, mode: 0o777 }, done);
    } else tar.entry({ ...common, name, type: 'file', mode: entry.mode ?? 0o644 }, content, done);
  });
}
