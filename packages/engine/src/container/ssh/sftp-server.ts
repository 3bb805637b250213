import { access } from 'node:fs/promises';
import { PouchError } from '@pouch/base';
import { findHostProgram, type HostProgram } from '../spec/host-program.ts';

/** Where OpenSSH's distributions put it. */
const PLACES = [
  '/usr/lib/openssh/sftp-server',
  '/usr/libexec/openssh/sftp-server',
  '/usr/lib/ssh/sftp-server',
  '/usr/libexec/sftp-server',
];
const DIRECTORY = '/dev/.pouch-sftp';

/** Where the host has one. */
export async function sftpServerPath(): Promise<string | undefined> {
  for (const path of PLACES) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

/** The host's sftp-server as it is run in a container; undefined where the host has none. */
export async function findSftpServer(): Promise<HostProgram | undefined> {
  const path = await sftpServerPath();
  return path === undefined ? undefined : await findHostProgram(path, DIRECTORY);
}

/** The command of the subsystem sftp: the host's where it was brought in at the start, else the image's own. */
export async function sftpCommand(
  broughtIn: boolean,
  rootfs: { resolve(path: string): Promise<string | undefined> },
): Promise<readonly string[]> {
  const found = broughtIn ? await findSftpServer() : undefined;
  if (found) return found.args;
  for (const path of PLACES) if (await rootfs.resolve(path)) return [path];
  throw new PouchError(
    'unsupported',
    'neither this host nor the image has an sftp-server: install the package openssh-sftp-server on the host and start the container again',
  );
}
