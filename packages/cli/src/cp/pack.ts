import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Headers, pack, type Pack } from 'tar-stream';

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
  return tar as AsyncIterable<Uint8Array>;
}

async function add(tar: Pack, path: string, name: string, options: PackOptions): Promise<void> {
  const stat = await lstat(path);
  const header: Headers = {
    name,
    mode: stat.mode & 0o7777,
    mtime: stat.mtime,
    uid: options.owner ? stat.uid : 0,
    gid: options.owner ? stat.gid : 0,
  };
  if (stat.isDirectory()) {
    await entry(tar, { ...header, name: `${name}/`, type: 'directory' });
    for (const child of (await readdir(path)).toSorted()) await add(tar, join(path, child), `${name}/${child}`, options);
  } else if (stat.isSymbolicLink()) {
    await entry(tar, { ...header, type: 'symlink', linkname: await readlink(path) });
  } else if (stat.isFile()) {
    const target = tar.entry({ ...header, type: 'file', size: stat.size });
    // Not beyond the size that the header promises, should the file be growing.
    if (stat.size > 0) await pipeline(createReadStream(path, { end: stat.size - 1 }), target);
    else target.end();
    options.onFile(stat.size);
  } else if (stat.isFIFO()) {
    await entry(tar, { ...header, type: 'fifo' });
  } else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
    const type = stat.isBlockDevice() ? 'block-device' : 'character-device';
    await entry(tar, { ...header, type, devmajor: stat.rdev >> 8, devminor: stat.rdev & 0xff });
  }
}

async function entry(tar: Pack, header: Headers): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}
