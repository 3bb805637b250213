import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import type { LinuxDevice } from '@pouch/oci';

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** A device node of the host, as it is to appear at `path`. Undefined when it is no device. */
export async function readDevice(hostPath: string, path: string = hostPath): Promise<LinuxDevice | undefined> {
  const info = await stat(hostPath);
  if (!info.isBlockDevice() && !info.isCharacterDevice()) return undefined;
  return {
    path,
    type: info.isBlockDevice() ? 'b' : 'c',
    ...deviceNumbers(info.rdev),
    fileMode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
  };
}

/** The device itself, or every device in and below a directory. Throws invalid-argument when there is none. */
export async function readDevices(hostPath: string, path: string): Promise<LinuxDevice[]> {
  try {
    const real = await realpath(hostPath);
    if ((await stat(real)).isDirectory()) return await readDirectory(real, path);
    const device = await readDevice(real, path);
    if (device) return [device];
  } catch (error) {
    const code = errnoCode(error);
    if (!ABSENT.has(code ?? '')) throw error;
    throw new PouchError(
      'invalid-argument',
      `error gathering device information while adding custom device "${hostPath}": no such file or directory`,
      { cause: error },
    );
  }
  throw new PouchError(
    'invalid-argument',
    `error gathering device information while adding custom device "${hostPath}": not a device node`,
  );
}

/** Directories of /dev that belong to a container itself, or hold no devices. */
const SKIPPED = new Set([
  'pts',
  'shm',
  'fd',
  'mqueue',
  '.lxc',
  '.lxd-mounts',
  '.udev',
  'console',
  'ptmx',
  'tty',
  'char',
  'block',
]);

/** All devices of the host, for a privileged container. */
export async function readAllDevices(): Promise<LinuxDevice[]> {
  return await readDirectory('/dev', '/dev');
}

async function readDirectory(hostPath: string, path: string, depth = 0): Promise<LinuxDevice[]> {
  if (depth > 16) return [];
  const entries = await readdir(hostPath, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter(({ name }) => hostPath !== '/dev' || !SKIPPED.has(name))
      .map(async (entry) => {
        const [from, to] = [join(hostPath, entry.name), join(path, entry.name)];
        try {
          if (entry.isDirectory()) return await readDirectory(from, to, depth + 1);
          if (!entry.isBlockDevice() && !entry.isCharacterDevice()) return [];
          const device = await readDevice(from, to);
          return device ? [device] : [];
        } catch (error) {
          // A device can go while we look.
          if (errnoCode(error) === 'ENOENT') return [];
          throw error;
        }
      }),
  );
  return found.flat();
}

/** The numbers of a block device given by path, for I/O limits. Throws invalid-argument. */
export async function readBlockDevice(path: string): Promise<{ major: number; minor: number }> {
  try {
    const info = await lstat(await realpath(path));
    if (info.isBlockDevice()) return deviceNumbers(info.rdev);
  } catch (error) {
    if (!ABSENT.has(errnoCode(error) ?? '')) throw error;
    throw new PouchError('invalid-argument', `stat ${path}: no such file or directory`, { cause: error });
  }
  throw new PouchError('invalid-argument', `${path} is not a block device`);
}

/** glibc's makedev, undone: 12 + 20 bits of major, 8 + 24 of minor. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
