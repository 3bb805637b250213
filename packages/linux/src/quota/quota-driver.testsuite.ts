import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec, isErrorCode } from '@pouch/base';
import type { QuotaDriver } from './quota-driver.ts';

const MIB = 1024 * 1024;
const FULL = /No space left on device|Disk quota exceeded/;
/** Limits of some drivers do not hold who has this capability, which containers do not. */
const AS_IN_A_CONTAINER = ['--bounding-set', '-sys_resource'];

export interface QuotaSubject extends AsyncDisposable {
  readonly driver: QuotaDriver;
  /** Another driver object on the same places, as after a restart of the daemon. */
  again(): QuotaDriver;
}

/** What every quota driver must do. `skip`: why this host cannot run it. */
export function quotaDriverSuite(name: string, skip: string | false, make: () => Promise<QuotaSubject>): void {
  test(`${name}: a place takes its size, and not more; what is deleted makes room`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    const place = await driver.open(100, { bytes: 32 * MIB });
    await fits(place, 'first', 24);
    await refuses(place, 'second', 24);
    await exec('rm', ['-f', join(place, 'first'), join(place, 'second')]);
    await exec('sync', ['-f', place]);
    await fits(place, 'third', 28);
  });

  test(`${name}: directories in one place share it, and places do not touch each other`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    const shared = await driver.open(101, { bytes: 32 * MIB });
    const other = await driver.open(102, { bytes: 32 * MIB });
    for (const directory of ['a', 'b']) mkdirSync(join(shared, directory));
    await fits(join(shared, 'a'), 'file', 20);
    await refuses(join(shared, 'b'), 'file', 20);
    await fits(other, 'file', 20);
  });

  test(`${name}: usage is what was written`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    assert.equal(await driver.usage(103), undefined);
    const place = await driver.open(103, { bytes: 32 * MIB });
    const before = (await driver.usage(103))?.bytes ?? Number.NaN;
    await fits(place, 'file', 16);
    const grown = ((await driver.usage(103))?.bytes ?? Number.NaN) - before;
    assert.ok(grown >= 16 * MIB && grown < 17 * MIB, `${grown} bytes`);
  });

  test(`${name}: it grows and shrinks, down to what is in it`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    const place = await driver.open(104, { bytes: 16 * MIB });
    await refuses(place, 'file', 30);
    await exec('rm', ['-f', join(place, 'file')]);
    await driver.resize(104, { bytes: 48 * MIB });
    await exec('sync', ['-f', place]);
    await fits(place, 'file', 30);
    await exec('rm', ['-f', join(place, 'file')]);
    await exec('sync', ['-f', place]);
    await driver.resize(104, { bytes: 24 * MIB });
    await refuses(place, 'file', 30);
  });

  test(`${name}: content and limit are there again after a close, and for the next daemon`, { skip }, async () => {
    await using subject = await make();
    const place = await subject.driver.open(105, { bytes: 32 * MIB });
    await fits(place, 'kept', 20);
    await subject.driver.close(105);
    const next = subject.again();
    await next.sweep();
    assert.deepEqual(await next.list(), [105]);
    const again = await next.open(105, { bytes: 32 * MIB });
    assert.ok(readdirSync(again).includes('kept'));
    await refuses(again, 'more', 20);
    assert.equal(await next.open(105, { bytes: 32 * MIB }), again, 'opening twice is once');
  });

  test(`${name}: a limit on inodes holds, or is refused`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    const opened = driver.open(106, { bytes: 32 * MIB, inodes: 50 });
    if (!driver.limitsInodes) {
      await assert.rejects(opened, (error) => isErrorCode(error, 'unsupported'));
      return;
    }
    const place = await opened;
    const made = await makeFiles(place, 100);
    assert.ok(made >= 45 && made <= 50 + 16, `${made} files`);
    assert.ok(((await driver.usage(106))?.inodes ?? 0) >= made);
  });

  test(`${name}: removal leaves nothing, and may be repeated`, { skip }, async () => {
    await using subject = await make();
    const { driver } = subject;
    const place = await driver.open(107, { bytes: 16 * MIB });
    await fits(place, 'file', 8);
    linkSync(join(place, 'file'), join(place, 'link'));
    await driver.remove(107);
    await driver.remove(107);
    assert.deepEqual(await driver.list(), []);
    assert.equal(await driver.usage(107), undefined);
    const fresh = await driver.open(107, { bytes: 16 * MIB });
    assert.deepEqual(
      readdirSync(fresh).filter((each) => each !== 'lost+found'),
      [],
    );
  });
}

async function write(directory: string, name: string, mebibytes: number): Promise<{ code: number; said: string }> {
  const args = ['if=/dev/zero', `of=${join(directory, name)}`, 'bs=1M', `count=${mebibytes}`, 'conv=fsync'];
  const { code, stderr } = await exec('setpriv', [...AS_IN_A_CONTAINER, 'dd', ...args], { allowFailure: true });
  return { code, said: stderr };
}

async function fits(directory: string, name: string, mebibytes: number): Promise<void> {
  const { code, said } = await write(directory, name, mebibytes);
  assert.equal(code, 0, said);
}

async function refuses(directory: string, name: string, mebibytes: number): Promise<void> {
  const { code, said } = await write(directory, name, mebibytes);
  assert.notEqual(code, 0, `${mebibytes} MiB could be written`);
  assert.match(said, FULL);
}

/** How many could be made. */
async function makeFiles(directory: string, most: number): Promise<number> {
  const script = 'i=0; while [ $i -lt "$1" ] && true >"$0/file-$i"; do i=$((i + 1)); done; echo $i';
  const { stdout, stderr } = await exec('setpriv', [...AS_IN_A_CONTAINER, 'sh', '-c', script, directory, String(most)]);
  if (stderr !== '') assert.match(stderr, FULL);
  return Number(stdout);
}
