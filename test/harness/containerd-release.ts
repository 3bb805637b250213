import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['containerd', 'containerd-shim-runc-v2', 'runc'];
/** Where bench/ keeps what it builds. */
const BUILT = '/var/cache/pouch-bench/bin';

/**
 * Another release of containerd than the distribution's: a directory with it, its shim and a runc. Every test with a daemon runs
 * on it where POUCH_TEST_BIN names one.
 */
export const CHOSEN_RELEASE: string | undefined = process.env['POUCH_TEST_BIN'] || undefined;

/** The newest release on this host for tests that are about it, or why there is none. */
export function newestRelease(): { readonly directory: string } | { readonly missing: string } {
  const directory = CHOSEN_RELEASE ?? BUILT;
  const missing = PROGRAMS.filter((name) => !isExecutable(join(directory, name)));
  if (missing.length === 0) return { directory };
  return { missing: `no ${missing.join(', ')} in ${directory}; POUCH_TEST_BIN may name another directory` };
}

/** An environment in which the programs of a directory come first. */
export function releaseEnvironment(directory: string | undefined): NodeJS.ProcessEnv {
  if (directory === undefined) return process.env;
  return { ...process.env, PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}` };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
