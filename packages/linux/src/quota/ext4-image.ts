import { open, stat, truncate } from 'node:fs/promises';
import { exec, PouchError } from '@pouch/base';
import { readBoundingCapabilities } from '../capabilities.ts';
import type { QuotaLimits } from './quota-driver.ts';

const MIB = 1024 * 1024;
const BYTES_PER_INODE = 8192;
const INODE_SIZE = 256;
/** Smaller, ext4 has no room for a journal. */
const MINIMUM = 4 * MIB;

/** Bytes of journal; ext4 asks for 4 MiB at least. */
function journalSize(bytes: number): number {
  return bytes < 1024 * MIB ? 4 * MIB : bytes < 8 * 1024 * MIB ? 16 * MIB : 64 * MIB;
}

/**
 * The size of an image whose ext4 has so many bytes for content: the inode tables, the journal, the group descriptors with
 * their reserve, and what the kernel keeps back (2 %, at most 4096 blocks) come on top.
 */
export function imageSize({ bytes, inodes }: QuotaLimits): number {
  const kept = Math.min(bytes * 0.02, 16 * MIB);
  const content = bytes * 1.004 + journalSize(bytes) + kept + 0.2 * MIB;
  const whole = inodes === undefined ? content / (1 - INODE_SIZE / BYTES_PER_INODE) : content + inodes * INODE_SIZE;
  return Math.ceil(whole / 4096) * 4096;
}

/** ext4 makes inodes by the sixteen: a limit on them is rounded up. */
function inodeCount(inodes: number): number {
  return Math.ceil((inodes + 11) / 16) * 16;
}

/** A sparse file with an empty ext4 in it, which takes some hundred kilobytes. */
export async function makeImage(path: string, limits: QuotaLimits): Promise<void> {
  if (limits.bytes < MINIMUM) {
    throw new PouchError('invalid-argument', `a disk quota of ${limits.bytes} bytes is too small: 4m is the least.`);
  }
  const file = await open(path, 'wx', 0o600);
  try {
    await file.truncate(imageSize(limits));
  } finally {
    await file.close();
  }
  const inodes =
    limits.inodes === undefined ? ['-i', String(BYTES_PER_INODE)] : ['-N', String(inodeCount(limits.inodes))];
  const journal = ['-J', `size=${journalSize(limits.bytes) / MIB}`];
  // A sparse file reads as zeros: nothing needs to be written to make it so.
  const lazy = ['-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'];
  await exec('mkfs.ext4', [
    '-q',
    '-F',
    '-m',
    '0',
    '-b',
    '4096',
    '-I',
    String(INODE_SIZE),
    ...inodes,
    ...journal,
    ...lazy,
    path,
  ]);
}

/** Give a mounted image more room. Throws `conflict` for less, `unsupported` without CAP_SYS_RESOURCE, which the kernel asks for. */
export async function growMounted(path: string, device: string, limits: QuotaLimits): Promise<void> {
  const size = imageSize(limits);
  const before = (await stat(path)).size;
  if (size === before) return;
  if (size < before)
    throw new PouchError('conflict', `a file system in a file cannot shrink while it is mounted: ${STOP}`);
  if (!(await readBoundingCapabilities()).includes('CAP_SYS_RESOURCE')) {
    const why = 'the daemon lacks CAP_SYS_RESOURCE, without which a mounted ext4 cannot grow';
    throw new PouchError('unsupported', `${why}: ${STOP}`);
  }
  await truncate(path, size);
  await exec('losetup', ['--set-capacity', device]);
  await exec('resize2fs', [device], { timeout: LONG });
}

const STOP = 'stop the container, update its quota, and start it again.';
const LONG = 600_000;

/** Give an image that is not mounted more room or less. Throws `conflict` when its content needs more. */
export async function resizeUnmounted(path: string, limits: QuotaLimits): Promise<void> {
  const size = imageSize(limits);
  const before = (await stat(path)).size;
  if (size === before) return;
  // e2fsck ends with 1 when it has mended something.
  const checked = await exec('e2fsck', ['-f', '-y', path], { allowFailure: true, timeout: LONG });
  if (checked.code > 1) throw new PouchError('data-loss', `e2fsck ${path}: ${checked.stdout}${checked.stderr}`);
  if (size > before) await truncate(path, size);
  const result = await exec('resize2fs', [path, `${size / 4096}`], { allowFailure: true, timeout: LONG });
  if (result.code !== 0) {
    throw new PouchError('conflict', `the content does not fit in ${limits.bytes} bytes: ${result.stderr.trim()}`);
  }
  if (size < before) await truncate(path, size);
}
