import { createReadStream, createWriteStream } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Replace a rotated log file by `path.gz`. A crash leaves the plain file, which readers also take. */
export async function compressLog(path: string): Promise<void> {
  const temporary = `${path}.gz.tmp`;
  try {
    await pipeline(createReadStream(path), createGzip({ level: 1 }), createWriteStream(temporary, { mode: 0o640 }));
    await rename(temporary, `${path}.gz`);
    await unlink(path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
