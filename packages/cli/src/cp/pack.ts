import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Header, type Pack, pack } from 'tar-stream';

type NamedHeader = Partial<Header> & Pick<Header, 'name'>;

export interface PackOptions {
  /** Keep owner and group as numbers; else everything is root's. */
  readonly owner: boolean;
  readonly onFile: (bytes: number) => void;
}

/** A tar stream of a file or a directory, under another name. Sockets are left out; symbolic links stay links. */
export function packPath(path: string, name: string, options: PackOptions): AsyncIterable<Uint8Array> {
  const tar = pack();
  add(tar, path, name, options).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return tar as unknown as AsyncIterable<Uint8Array>;
}

async function add(tar: Pack, path: string, name: string, options: PackOptions): Promise<void> {
  const stat = await lstat(path);
  const header: NamedHeader = {
    name,
    mode: stat.mode & 0o7777,
    mtime: stat.mtime,
    uid: options.owner ? stat.uid : 0,
    gid: options.owner ? stat.gid : 0,
  };
  if (stat.isDirectory()) {
    await entry(tar, { ...header, name: `${name}/`, type: 'directory' });
    for (const child of (await readdir(path)).toSorted())
      await add(tar, join(path, child), `${name}/${child}`, options);
  } else if (stat.isSymbolicLink()) {
    await entry(tar, { ...header, type: 'symlink', linkname: await readlink(path) });
  } else if (stat.isFile()) {
    await file(tar, { ...header, type: 'file', size: stat.size }, path);
    options.onFile(stat.size);
  } else if (stat.isFIFO()) {
    await entry(tar, { ...header, type: 'fifo' });
  } else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
    const type = stat.isBlockDevice() ? 'block-device' : 'character-device';
    await entry(tar, { ...header, type, devmajor: stat.rdev >> 8, devminor: stat.rdev & 0xff });
  }
}

async function entry(tar: Pack, header: NamedHeader): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}

/** Not beyond the size that the header promises, should the file be growing. */
async function file(tar: Pack, header: NamedHeader & { readonly size: number }, path: string): Promise<void> {
  const { promise: written, resolve, reject } = Promise.withResolvers<void>();
  const target = tar.entry(header, (error) => (error ? reject(error) : resolve()));
  const feed = async (): Promise<void> => {
    const source = header.size > 0 ? createReadStream(path, { end: header.size - 1 }) : [];
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (target.destroyed) return;
      if (!target.write(chunk))
        await new Promise<void>((ready) => void target.once('drain', ready).once('close', ready));
    }
    target.end(undefined);
  };
  feed().catch(reject);
  await written;
}
