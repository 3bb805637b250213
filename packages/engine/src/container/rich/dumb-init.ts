import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { PouchError } from '@pouch/base';
import { findHostProgram, type HostProgram } from '../spec/host-program.ts';

/** Where the host's dumb-init is found in a container. */
const DIRECTORY = '/dev/.pouch-init';

export const NO_DUMB_INIT =
  'RichMode dumb-init brings dumb-init from the host, and this one has none: install the package dumb-init, or choose RichMode systemd or sbin-init for an image that carries one.';

/** The host's dumb-init; the command's words follow its own. Throws `unsupported` where the host has none. */
export async function findDumbInit(): Promise<HostProgram> {
  const program = await dumbInitPath();
  if (program === undefined) throw new PouchError('unsupported', NO_DUMB_INIT);
  const { args, mounts } = await findHostProgram(program, DIRECTORY);
  return { args: [...args, '--'], mounts };
}

/** Where the host has it. */
export async function dumbInitPath(): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(directory, 'dumb-init');
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}
