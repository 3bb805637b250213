import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * What the tests run. `scripts/test` has just built both, and says so by this variable: the bundles are what people run, and start
 * several times as fast. A single file run by hand tests the sources as they are.
 */
const built = process.env['POUCH_TEST_PROGRAMS'] === 'built';

const program = (name: 'pouch' | 'pouchd', source: string): readonly [string, ...string[]] =>
  built
    ? [join(ROOT, 'dist', name)]
    : [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'packages', source, 'src/main.ts')];

/** The command that is the client, without arguments. */
export const POUCH = program('pouch', 'cli');
/** The command that is the daemon, without flags. */
export const POUCHD = program('pouchd', 'pouchd');

/** `POUCH` for a shell. */
export const POUCH_IN_SHELL = POUCH.map((word) => `'${word}'`).join(' ');
