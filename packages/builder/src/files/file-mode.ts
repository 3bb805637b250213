import type { Stats } from 'node:fs';

/** Bits of Go's os.FileMode beside the nine of permission. */
export const GO_MODE = {
  DIRECTORY: 0x8000_0000,
  SYMLINK: 0x0800_0000,
  DEVICE: 0x0400_0000,
  NAMED_PIPE: 0x0200_0000,
  SOCKET: 0x0100_0000,
  SETUID: 0x0080_0000,
  SETGID: 0x0040_0000,
  CHAR_DEVICE: 0x0020_0000,
  STICKY: 0x0010_0000,
} as const;

const TYPE = GO_MODE.DIRECTORY | GO_MODE.SYMLINK | GO_MODE.DEVICE | GO_MODE.NAMED_PIPE | GO_MODE.SOCKET;

/** The mode of a file as it goes over the wire: Go's os.FileMode. */
export function toGoMode(stat: Stats): number {
  const { mode } = stat;
  let result = mode & 0o777;
  if (mode & 0o4000) result |= GO_MODE.SETUID;
  if (mode & 0o2000) result |= GO_MODE.SETGID;
  if (mode & 0o1000) result |= GO_MODE.STICKY;
  if (stat.isDirectory()) result |= GO_MODE.DIRECTORY;
  else if (stat.isSymbolicLink()) result |= GO_MODE.SYMLINK;
  else if (stat.isFIFO()) result |= GO_MODE.NAMED_PIPE;
  else if (stat.isSocket()) result |= GO_MODE.SOCKET;
  else if (stat.isCharacterDevice()) result |= GO_MODE.DEVICE | GO_MODE.CHAR_DEVICE;
  else if (stat.isBlockDevice()) result |= GO_MODE.DEVICE;
  return result >>> 0;
}

/** The twelve bits that chmod takes, of a mode that came over the wire. */
export function permissionsOf(mode: number): number {
  let result = mode & 0o777;
  if (mode & GO_MODE.SETUID) result |= 0o4000;
  if (mode & GO_MODE.SETGID) result |= 0o2000;
  if (mode & GO_MODE.STICKY) result |= 0o1000;
  return result;
}

export function isDirectoryMode(mode: number): boolean {
  return (mode & GO_MODE.DIRECTORY) !== 0;
}

export function isSymlinkMode(mode: number): boolean {
  return (mode & GO_MODE.SYMLINK) !== 0;
}

/** Whether a file has contents that may be asked for. */
export function isRegularMode(mode: number): boolean {
  return (mode & TYPE) === 0;
}
