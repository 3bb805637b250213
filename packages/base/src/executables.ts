import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The path of a program: itself where it holds a slash, else the first in `directories`. Undefined when there is none to run. */
export async function findExecutable(
  name: string,
  directories: readonly string[] = (process.env['PATH'] ?? '').split(delimiter),
): Promise<string | undefined> {
  const paths = name.includes('/') ? [name] : directories.map((directory) => join(directory, name));
  for (const path of paths) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}
