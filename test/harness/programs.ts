import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** What `npm run build` made, instead of the sources: it starts many times faster, which counts under emulation. */
const built = process.env['POUCH_TEST_BUILT'] === '1';

/** The words that start the daemon and the client under test. */
export const POUCHD: readonly string[] = built
  ? [join(ROOT, 'dist/pouchd')]
  : [process.execPath, join(ROOT, 'packages/pouchd/src/main.ts')];
export const POUCH: readonly string[] = built
  ? [join(ROOT, 'dist/pouch')]
  : [process.execPath, join(ROOT, 'packages/cli/src/main.ts')];

/** `POUCH` for a shell. */
export const POUCH_IN_SHELL = POUCH.map((word) => `'${word}'`).join(' ');
