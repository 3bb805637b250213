/**
 * What the engine itself puts into every root file system to mount on it. They are not the user's changes, and are left out
 * while they are empty.
 */
export const ENGINE_PATHS: readonly string[] = [
  '/.dockerenv',
  '/dev',
  '/dev/console',
  '/dev/mqueue',
  '/dev/pts',
  '/dev/shm',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/mtab',
  '/etc/resolv.conf',
  '/proc',
  '/sys',
];
