import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeDiskQuota, type QuotaDriver, unmountTree } from '@pouch/linux';
import { type QuotaSubject, quotaDriverSuite } from '../../../packages/linux/src/quota/quota-driver.testsuite.ts';
import { mountGround, type QuotaGround } from './quota-ground.kit.ts';

/** The conformance suite on each of the grounds that this host can make. */
export async function testQuotaDrivers(grounds: readonly QuotaGround[]): Promise<void> {
  for (const ground of grounds) {
    // Asked of the host itself: one that cannot even mount the ground says so.
    const skip = await prepare(ground).then(
      async (subject) => {
        await subject[Symbol.asyncDispose]();
        return false as const;
      },
      (error: unknown) => `not on this host: ${error instanceof Error ? error.message : String(error)}`,
    );
    quotaDriverSuite(ground.title, skip, async () => await prepare(ground));
  }
}

async function prepare(ground: QuotaGround): Promise<QuotaSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-quota-'));
  const root = join(directory, 'mnt/quota');
  const drop = async (): Promise<void> => {
    await unmountTree(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  const drivers: QuotaDriver[] = [];
  try {
    await mountGround(directory, ground, '512M');
    const make = async (): Promise<QuotaDriver> => {
      const { driver, reason } = await probeDiskQuota(root, ground.driver);
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
