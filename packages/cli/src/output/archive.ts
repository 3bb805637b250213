import { open, rename, unlink } from 'node:fs/promises';
import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';

/** Write an archive to a file, or to standard output where that is no terminal. A file appears only when it is whole. */
export async function writeArchive(
  context: Context,
  path: string,
  source: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  if (path === '') {
    if (context.stdout.isTerminal) {
      throw new ExitError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    for await (const chunk of await source()) await context.stdout.stream(chunk);
    return;
  }
  const archive = await source();
  if (path.startsWith('/dev/')) {
    await using file = await open(path, 'w');
    for await (const chunk of archive) await file.write(chunk);
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    for await (const chunk of archive) await file.writeFile(chunk);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
