import { lstat, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import type { ContainerPathStat } from '@pouch/api';
import { errorMessage, isErrorCode } from '@pouch/base';
import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import type { CopyOptions } from './copy-out.ts';
import { packPath } from './pack.ts';
import { copyTarget, isDirectory, isSymlink } from './paths.ts';

/** Copy from here to a container; returns how many bytes of files that was. */
export async function copyIn(
  context: Context,
  from: string,
  container: string,
  to: string,
  options: CopyOptions,
): Promise<number> {
  const { archive } = context.client;
  const { path, stat } = await destination(context, container, to);
  if (from === '-') {
    if (stat && !isDirectory(stat)) throw new ExitError(1, `destination "${container}:${to}" must be a directory`);
    await archive.put(container, path, process.stdin, { copyUidGid: options.archive });
    return 0;
  }
  const source = options.followLink ? await realpath(from) : from;
  const found = await lstat(source.replace(/(.)\/+\.?$/, '$1/.')).catch((error: unknown) => {
    throw new ExitError(1, errorMessage(error));
  });
  const kind = !stat ? 'nothing' : isDirectory(stat) ? 'directory' : 'file';
  const target = copyTarget({ path: from, directory: found.isDirectory() }, path, kind);
  let bytes = 0;
  const tar = packPath(source, target.name, {
    owner: options.archive,
    onFile: (size) => {
      bytes += size;
    },
  });
  await archive.put(container, target.directory, tar, { copyUidGid: options.archive });
  return bytes;
}

/** The path that is written to, a symbolic link followed, and what is there. */
async function destination(
  context: Context,
  container: string,
  to: string,
): Promise<{ readonly path: string; readonly stat: ContainerPathStat | undefined }> {
  const found = await statOrNothing(context, container, to);
  if (!found || !isSymlink(found)) return { path: to, stat: found };
  const path = posix.resolve(posix.dirname(posix.resolve('/', to)), found.linkTarget);
  return { path, stat: await statOrNothing(context, container, path) };
}

async function statOrNothing(
  context: Context,
  container: string,
  path: string,
): Promise<ContainerPathStat | undefined> {
  try {
    return await context.client.archive.stat(container, path);
  } catch (error) {
    if (isErrorCode(error, 'not-found')) return undefined;
    throw error;
  }
}
