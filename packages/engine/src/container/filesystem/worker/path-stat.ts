import type { BigIntStats } from 'node:fs';
import { formatTime } from '@pouch/base';
import type { ArchiveStat } from '../../container-service.ts';
import { toByteString, toText } from './bytes.ts';
import { type ConfinedWalk, linkText, type Place } from './confined-walk.ts';

const DIRECTORY = 2 ** 31;
const SYMLINK = 1 << 27;
const DEVICE = 1 << 26;
const NAMED_PIPE = 1 << 25;
const SOCKET = 1 << 24;
const SETUID = 1 << 23;
const SETGID = 1 << 22;
const CHARACTER_DEVICE = 1 << 21;
const STICKY = 1 << 20;

/** The bits of Go's os.FileMode. */
export function goFileMode(stat: BigIntStats): number {
  const mode = Number(stat.mode);
  let bits = mode & 0o777;
  if (mode & 0o4000) bits |= SETUID;
  if (mode & 0o2000) bits |= SETGID;
  if (mode & 0o1000) bits |= STICKY;
  if (stat.isSymbolicLink()) bits |= SYMLINK;
  else if (stat.isFIFO()) bits |= NAMED_PIPE;
  else if (stat.isSocket()) bits |= SOCKET;
  else if (stat.isBlockDevice()) bits |= DEVICE;
  else if (stat.isCharacterDevice()) bits |= DEVICE | CHARACTER_DEVICE;
  return stat.isDirectory() ? bits + DIRECTORY : bits;
}

/** Last element of the path as the caller wrote it: `.` for `/etc/.`, and `/` for the root. */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return '/';
  return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

export function archiveStat(path: string, place: Place, walk: ConfinedWalk): ArchiveStat {
  const stat = place.stat as BigIntStats;
  return {
    name: baseName(path),
    size: Number(stat.size),
    mode: goFileMode(stat),
    mtime: formatTime(stat.mtimeNs),
    linkTarget: stat.isSymbolicLink() ? resolvedTarget(path, place, walk) : '',
  };
}

/** Where the link leads in the container, whether there is something or not; of a loop the link's own text. */
function resolvedTarget(path: string, place: Place, walk: ConfinedWalk): string {
  try {
    using end = walk.walk(toByteString(path), { followLast: true });
    return toText(`/${end.names.join('/')}`);
  } catch {
    return toText(linkText(place.parent, place.name) ?? '');
  }
}
