import { mkdir } from 'node:fs/promises';
import { exec, isErrorCode, readTextIfExists } from '@pouch/base';
import { type MountInfo, mountOf, readMounts } from '../mounts.ts';
import { BtrfsDriver } from './btrfs-driver.ts';
import { LoopDriver } from './loop-driver.ts';
import { exists } from './places.ts';
import { ProjectDriver } from './project-driver.ts';
import type { QuotaDriver } from './quota-driver.ts';

export type QuotaDriverName = QuotaDriver['name'];

/** Which way of limiting disk space a directory has. */
export interface QuotaProbe {
  readonly driver: QuotaDriver | undefined;
  /** Why it is this one, or why none. */
  readonly reason: string;
}

/**
 * Find how a directory's places can be limited: by the file system that it is on, or else by file systems in files. `wanted`
 * takes that one or none. Changes nothing but making the directory.
 */
export async function probeDiskQuota(root: string, wanted?: QuotaDriverName): Promise<QuotaProbe> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  const under = mountOf(await readMounts(), root);
  const lacking = {
    project: await projectLacks(under),
    btrfs: await btrfsLacks(under),
    loop: await loopLacks(),
  };
  const order: readonly QuotaDriverName[] = wanted ? [wanted] : ['project', 'btrfs', 'loop'];
  const name = order.find((each) => lacking[each] === undefined);
  const others = order.filter((each) => lacking[each] !== undefined).map((each) => `${each}: ${lacking[each]}`);
  if (name === undefined) return { driver: undefined, reason: others.join('; ') };
  const how = {
    project: `project quota of ${under?.fsType}`,
    btrfs: 'quota groups of btrfs',
    loop: 'file systems in files',
  };
  const reason = [how[name], ...others].join('; ');
  return { driver: makeDriver(name, root, under), reason };
}

function makeDriver(name: QuotaDriverName, root: string, under: MountInfo | undefined): QuotaDriver {
  if (name === 'project') {
    return new ProjectDriver({ root, mountPoint: under?.mountPoint ?? '/', fsType: under?.fsType ?? '' });
  }
  return name === 'btrfs' ? new BtrfsDriver({ root }) : new LoopDriver({ root });
}

async function projectLacks(under: MountInfo | undefined): Promise<string | undefined> {
  if (under?.fsType !== 'ext4' && under?.fsType !== 'xfs') return `needs ext4 or xfs, here is ${under?.fsType}`;
  const options = [...under.options, ...under.superOptions];
  if (!options.some((each) => each === 'prjquota' || each === 'pquota')) {
    const remedy =
      under.fsType === 'xfs' ? 'mount it with pquota' : 'tune2fs -O project,quota, then mount with prjquota';
    return `${under.mountPoint} (${under.fsType}) has project quota off: ${remedy}`;
  }
  const missing = await firstMissing(['setquota', 'repquota', 'chattr']);
  if (missing !== undefined) return `${missing} is not installed (Debian's packages quota and e2fsprogs)`;
  const { code, stderr } = await exec('repquota', ['-P', '-n', '-O', 'csv', under.mountPoint], { allowFailure: true });
  return code === 0 ? undefined : `the kernel does not answer: ${stderr.trim().split('\n').at(-1)}`;
}

async function btrfsLacks(under: MountInfo | undefined): Promise<string | undefined> {
  if (under?.fsType !== 'btrfs') return `needs btrfs, here is ${under?.fsType}`;
  return (await firstMissing(['btrfs'])) && "btrfs is not installed (Debian's package btrfs-progs)";
}

async function loopLacks(): Promise<string | undefined> {
  if (!(await exists('/dev/loop-control')))
    return 'there is no /dev/loop-control: the kernel lacks loop devices (modprobe loop)';
  const filesystems = (await readTextIfExists('/proc/filesystems')) ?? '';
  if (!/\bext4$/m.test(filesystems)) return 'the kernel has no ext4 (modprobe ext4)';
  const missing = await firstMissing(['mkfs.ext4', 'resize2fs', 'losetup']);
  return missing && `${missing} is not installed (Debian's packages e2fsprogs and util-linux)`;
}

async function firstMissing(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    try {
      await exec(program, ['-V'], { allowFailure: true, timeout: 5000 });
    } catch (error) {
      if (isErrorCode(error, 'unsupported')) return program;
      throw error;
    }
  }
  return undefined;
}
