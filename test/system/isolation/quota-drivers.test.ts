import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { probeDiskQuota, type QuotaDriver, type QuotaDriverName, unmountTree } from '@pouch/linux';
import { type QuotaSubject, quotaDriverSuite } from '../../../packages/linux/src/quota/quota-driver.testsuite.ts';

/** A file system of its own for one test; `undefined`: the host's. */
interface Ground {
  readonly make: readonly string[];
  readonly mount: readonly string[];
}

const GROUNDS: readonly (readonly [string, QuotaDriverName, Ground | undefined])[] = [
  ['loop on the host', 'loop', undefined],
  ['btrfs', 'btrfs', { make: ['mkfs.btrfs', '-q'], mount: ['-t', 'btrfs', '-o', 'loop'] }],
  [
    'project on ext4',
    'project',
    {
      make: ['mkfs.ext4', '-q', '-O', 'quota,project', '-E', 'quotatype=prjquota'],
      mount: ['-t', 'ext4', '-o', 'loop,prjquota'],
    },
  ],
  ['project on xfs', 'project', { make: ['mkfs.xfs', '-q'], mount: ['-t', 'xfs', '-o', 'loop,pquota'] }],
];

async function prepare(name: QuotaDriverName, ground: Ground | undefined): Promise<QuotaSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-quota-'));
  const root = join(directory, 'mnt/quota');
  const drop = async (): Promise<void> => {
    await unmountTree(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  const drivers: QuotaDriver[] = [];
  try {
    if (ground) await mountGround(directory, ground);
    const make = async (): Promise<QuotaDriver> => {
      const { driver, reason } = await probeDiskQuota(root, name);
      if (!driver) throw new Error(reason);
      drivers.push(driver);
      return driver;
    };
    const [driver, next] = [await make(), await make()];
    return {
      driver,
      again: () => next,
      [Symbol.asyncDispose]: async () => {
        for (const each of drivers) {
          if (Symbol.asyncDispose in each) await (each as QuotaDriver & AsyncDisposable)[Symbol.asyncDispose]();
        }
        for (const id of await driver.list()) await driver.remove(id);
        await drop();
      },
    };
  } catch (error) {
    await drop();
    throw error;
  }
}

async function mountGround(directory: string, ground: Ground): Promise<void> {
  const image = join(directory, 'image');
  const [program = '', ...options] = ground.make;
  await exec('truncate', ['-s', '512M', image]);
  await exec(program, [...options, image]);
  mkdirSync(join(directory, 'mnt'));
  await exec('mount', [...ground.mount, image, join(directory, 'mnt')]);
}

for (const [title, name, ground] of GROUNDS) {
  // Asked of the host itself: one that cannot even mount the ground says so.
  const skip = await prepare(name, ground).then(
    async (subject) => {
      await subject[Symbol.asyncDispose]();
      return false as const;
    },
    (error: unknown) => `not on this host: ${error instanceof Error ? error.message : String(error)}`,
  );
  quotaDriverSuite(title, skip, async () => await prepare(name, ground));
}
