import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { exec, PouchError } from '@pouch/base';
import type { Mount } from '@pouch/oci';

/** Where the host's dumb-init is found in a container: on the tmpfs at /dev, so that nothing shows in its own layer. */
const DIRECTORY = '/dev/.pouch';

export interface DumbInit {
  /** What the command's words follow. */
  readonly args: readonly string[];
  readonly mounts: readonly Mount[];
}

/**
 * The host's dumb-init, with the loader and the libraries that it needs, so that it runs in any image, also in one
 * without a C library. Throws `unsupported` where the host has none.
 */
export async function findDumbInit(): Promise<DumbInit> {
  const program = await findProgram();
  if (program === undefined) {
    throw new PouchError(
      'unsupported',
      'RichMode dumb-init brings dumb-init from the host, and this one has none: install the package dumb-init, or choose RichMode systemd or sbin-init for an image that carries one.',
    );
  }
  const { stdout } = await exec('ldd', [program], { allowFailure: true, env: { LC_ALL: 'C' } });
  const loader = /^\s*(\/\S*ld[-.]\S+) \(0x/m.exec(stdout)?.[1];
  const libraries = [...stdout.matchAll(/=> (\/\S+) \(0x/g)].map((match) => match[1] as string);
  const inside = join(DIRECTORY, 'dumb-init');
  if (loader === undefined) return { args: [inside, '--'], mounts: [await bind(program, inside)] };
  const ld = join(DIRECTORY, 'ld.so');
  const mounts = await Promise.all([
    bind(program, inside),
    bind(loader, ld),
    ...libraries.map(async (path) => await bind(path, join(DIRECTORY, path.slice(path.lastIndexOf('/') + 1)))),
  ]);
  return { args: [ld, '--library-path', DIRECTORY, inside, '--'], mounts };
}

async function findProgram(): Promise<string | undefined> {
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

async function bind(source: string, destination: string): Promise<Mount> {
  return { destination, type: 'bind', source: await realpath(source), options: ['bind', 'ro', 'rprivate'] };
}
