import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import type { QuotaDriverName } from '@pouch/linux';

/** A file system that a quota driver is tested on. */
export interface QuotaGround {
  readonly title: string;
  readonly driver: QuotaDriverName;
  /** How one is made in a file and mounted; absent: the host's own serves. */
  readonly image?: { readonly make: readonly string[]; readonly mount: readonly string[] };
}

export const QUOTA_GROUNDS: readonly QuotaGround[] = [
  { title: 'loop on the host', driver: 'loop' },
  {
    title: 'btrfs',
    driver: 'btrfs',
    image: { make: ['mkfs.btrfs', '-q'], mount: ['-t', 'btrfs', '-o', 'loop'] },
  },
  {
    title: 'project on ext4',
    driver: 'project',
    image: {
      make: ['mkfs.ext4', '-q', '-O', 'quota,project', '-E', 'quotatype=prjquota'],
      mount: ['-t', 'ext4', '-o', 'loop,prjquota'],
    },
  },
  {
    title: 'project on xfs',
    driver: 'project',
    image: { make: ['mkfs.xfs', '-q'], mount: ['-t', 'xfs', '-o', 'loop,pquota'] },
  },
];

/** Make one of that size below `directory`, and mount it there; the mount point. Unmounting it is the caller's. */
export async function mountGround(directory: string, { image }: QuotaGround, size: string): Promise<string> {
  const mountPoint = join(directory, 'mnt');
  mkdirSync(mountPoint);
  if (!image) return mountPoint;
  const file = join(directory, 'image');
  const [program = '', ...options] = image.make;
  await exec('truncate', ['-s', size, file]);
  await exec(program, [...options, file]);
  await exec('mount', [...image.mount, file, mountPoint]);
  return mountPoint;
}
