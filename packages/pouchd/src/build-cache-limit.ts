import { statfs } from 'node:fs/promises';
import { parseBytes, PouchError } from '@pouch/base';

/**
 * Bytes that a builder's cache may take, of the setting `build-cache-limit`: a size, or a part of the disk that holds `root`.
 * Undefined where there is no limit. Throws `invalid-argument`.
 */
export async function buildCacheLimit(text: string, root: string): Promise<number | undefined> {
  if (text === 'none') return undefined;
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1];
  const bytes = percent === undefined ? sizeOf(text) : ((await sizeOfDisk(root)) * Number(percent)) / 100;
  if (bytes <= 0 || Number(percent ?? 0) > 100) throw wrong(text);
  return Math.floor(bytes);
}

function sizeOf(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw wrong(text, error);
  }
}

async function sizeOfDisk(path: string): Promise<number> {
  const { blocks, bsize } = await statfs(path);
  return blocks * bsize;
}

function wrong(text: string, cause?: unknown): PouchError {
  const message = `build-cache-limit: '${text}' is neither a size, such as 20g, nor a part of the disk, such as 20%, nor none`;
  return new PouchError('invalid-argument', message, { cause });
}
