import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PouchError } from '@pouch/base';

const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** The project's files where none are named: of the directory or the nearest one above it, with the override beside it. */
export function findComposeFiles(from: string): string[] {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const name = NAMES.find((one) => existsSync(join(directory, one)));
    if (name !== undefined) {
      const override = OVERRIDES.find((one) => existsSync(join(directory, one)));
      return [join(directory, name), ...(override === undefined ? [] : [join(directory, override)])];
    }
    if (directory === dirname(directory)) {
      throw new PouchError(
        'not-found',
        `no Compose file found: there is no ${NAMES.join(', ')} in ${resolve(from)} or above it. Name one with -f.`,
      );
    }
  }
}
