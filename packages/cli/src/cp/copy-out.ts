import { stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { copyTarget, type Destination, isDirectory, isSymlink } from './paths.ts';
import { unpackTo } from './unpack.ts';

export interface CopyOptions {
  readonly archive: boolean;
  readonly followLink: boolean;
}

/** Copy from a container to here; returns how many bytes of files that was. */
export async function copyOut(
  context: Context,
  container: string,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<number> {
  const path = options.followLink ? await followLink(context, container, from) : from;
  const { stat: source, tar } = await context.client.archive.get(container, path);
  if (to === '-') {
    if (context.stdout.isTerminal) throw new ExitError(1, 'refusing to write an archive to a terminal: redirect it');
    for await (const chunk of tar) await context.stdout.stream(chunk);
    return 0;
  }
  const { directory, name } = copyTarget({ path: from, directory: isDirectory(source) }, to, await kindOf(to));
  if ((await kindOf(directory)) !== 'directory') throw new ExitError(1, `no such directory: ${directory}`);
  let bytes = 0;
  await unpackTo(tar, resolve(join(directory, name)), {
    owner: options.archive,
    onFile: (size) => {
      bytes += size;
    },
  });
  return bytes;
}

async function followLink(context: Context, container: string, path: string): Promise<string> {
  const found = await context.client.archive.stat(container, path);
  if (!isSymlink(found)) return path;
  return posix.resolve(posix.dirname(posix.resolve('/', path)), found.linkTarget);
}

async function kindOf(path: string): Promise<Destination> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 'nothing';
  return found.isDirectory() ? 'directory' : 'file';
}
