import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import type { Mount } from '@pouch/oci';

/** A program of the host's as it is run in a container. */
export interface HostProgram {
  readonly args: readonly string[];
  readonly mounts: readonly Mount[];
}

/**
 * Bring a program of the host's into a container, below `directory`: with the loader and the libraries that it needs, so
 * that it runs in any image, also in one without a C library. The directory should lie on a tmpfs, such as /dev: the places
 * of the mounts then do not show in the container's own layer.
 */
export async function findHostProgram(program: string, directory: string): Promise<HostProgram> {
  const { ino, mtimeMs } = await stat(program);
  const key = `${program} ${directory}`;
  const version = `${ino} ${mtimeMs}`;
  const known = found.get(key);
  if (known?.version === version && (await areThere(known.program.mounts))) return known.program;
  const fresh = await readHostProgram(program, directory);
  found.set(key, { version, program: fresh });
  return fresh;
}

/** What was found last, by program and place: ldd(1) takes longer than a start may. */
const found = new Map<string, { readonly version: string; readonly program: HostProgram }>();

/** An upgrade of a library renames its file. */
async function areThere(mounts: readonly Mount[]): Promise<boolean> {
  const looks = mounts.map(async ({ source = '' }) => await stat(source).then(Boolean, () => false));
  return (await Promise.all(looks)).every(Boolean);
}

async function readHostProgram(program: string, directory: string): Promise<HostProgram> {
  const { stdout } = await exec('ldd', [program], { allowFailure: true, env: { LC_ALL: 'C' } });
  const loader = /^\s*(\/\S*ld[-.]\S+) \(0x/m.exec(stdout)?.[1];
  const libraries = [...stdout.matchAll(/=> (\/\S+) \(0x/g)].map((match) => match[1] as string);
  const inside = join(directory, basename(program));
  if (loader === undefined) return { args: [inside], mounts: [await bind(program, inside)] };
  const ld = join(directory, 'ld.so');
  const mounts = await Promise.all([
    bind(program, inside),
    bind(loader, ld),
    ...libraries.map(async (path) => await bind(path, join(directory, basename(path)))),
  ]);
  return { args: [ld, '--library-path', directory, inside], mounts };
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function bind(source: string, destination: string): Promise<Mount> {
  return { destination, type: 'bind', source: await realpath(source), options: ['bind', 'ro', 'rprivate'] };
}
