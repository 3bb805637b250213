import { basename } from 'node:path';
import { PouchError } from '@pouch/base';

const NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** A name that was given, checked. */
export function checkProjectName(name: string): string {
  if (NAME.test(name)) return name;
  throw new PouchError(
    'invalid-argument',
    `invalid project name "${name}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
  );
}

/** The name that a directory gives, or undefined where nothing of it may stand in one. */
export function nameOfDirectory(directory: string): string | undefined {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
  return name === '' ? undefined : name;
}
