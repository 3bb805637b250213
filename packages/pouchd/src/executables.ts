import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The path of a program: itself where it holds a slash, else the first on the PATH. Undefined when there is none to run. */
export async function findExecutable(name: string): Promise<string | undefined> {
  const paths = name.includes('/')
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name));
  for (const path of paths) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}
