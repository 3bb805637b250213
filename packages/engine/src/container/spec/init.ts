import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { Mount } from '@pouch/oci';
import type { ContainerRecord } from '../container-record.ts';

/** Where `--init` puts its program in the container. */
export const INIT_DESTINATION = '/sbin/pouch-init';

/** Small inits that take `-- command` and reap children. */
const PROGRAMS = ['docker-init', 'tini-static', 'tini', 'catatonit'];
const MORE_DIRECTORIES = ['/usr/libexec/docker', '/usr/libexec/podman', '/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** An init program on this host, or undefined. `configured` comes first when it is given. */
export async function findInit(configured?: string): Promise<string | undefined> {
  const directories = [...new Set([...MORE_DIRECTORIES, ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)])];
  const found = configured ? [configured] : PROGRAMS.flatMap((name) => directories.map((each) => join(each, name)));
  for (const path of found) {
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}

/** An init as process 1 makes no sense in another's PID namespace. */
export function usesInit({ hostConfig }: ContainerRecord): boolean {
  return (hostConfig.Init ?? false) && !hostConfig.PidMode;
}

/** The bind of the init program. Throws `unsupported` where the host has none. */
export function initMount(record: ContainerRecord, initPath: string | undefined): Mount[] {
  if (!usesInit(record)) return [];
  if (initPath === undefined) {
    throw new PouchError(
      'unsupported',
      'An init process was asked for (--init), but this host has none: install tini or catatonit, or set init-path.',
    );
  }
  return [{ destination: INIT_DESTINATION, type: 'bind', source: initPath, options: ['bind', 'ro', 'rprivate'] }];
}
