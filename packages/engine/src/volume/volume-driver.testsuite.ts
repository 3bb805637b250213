import assert from 'node:assert/strict';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import type { VolumeDriver } from './volume-driver.ts';

export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: VolumeDriver;
  /** The same volumes through a new driver, as after a restart of the daemon. */
  reopen(): VolumeDriver;
  /** Options that the driver takes; content need not outlast the last user when `volatile`. */
  readonly options?: Readonly<Record<string, string>>;
  readonly volatile?: boolean;
}

/** What every volume driver must do. */
export function testVolumeDriver(name: string, make: () => Promise<DriverUnderTest>): void {
  test(`${name}: a volume is made once, found and listed, and gone when removed`, async () => {
    await using subject = await make();
    const { driver, options = {} } = subject;
    assert.equal(await driver.get('data'), undefined);
    await driver.create('data', options);
    await driver.create('data', options);
    assert.equal((await driver.get('data'))?.name, 'data');
    assert.deepEqual(
      (await driver.list()).map((volume) => volume.name),
      ['data'],
    );
    assert.equal((await subject.reopen().get('data'))?.name, 'data');
    await driver.remove('data');
    assert.equal(await driver.get('data'), undefined);
    assert.deepEqual(await driver.list(), []);
    await assert.rejects(driver.remove('data'), (error) => isErrorCode(error, 'not-found'));
  });

  test(`${name}: users share one content, which stays until the last has gone`, async () => {
    await using subject = await make();
    const { driver, options = {} } = subject;
    await driver.create('shared', options);
    const path = await driver.mount('shared', 'container-1');
    assert.ok(path.startsWith('/') && (await lstat(path)).isDirectory());
    await writeFile(join(path, 'file'), 'hello');
    assert.equal(await driver.mount('shared', 'container-2'), path);
    assert.equal(await driver.mount('shared', 'container-1'), path);
    await driver.unmount('shared', 'container-1');
    assert.equal(await readFile(join(path, 'file'), 'utf8'), 'hello');
    await driver.unmount('shared', 'container-2');
    await driver.unmount('shared', 'container-2');
    const again = await driver.mount('shared', 'container-3');
    if (!subject.volatile) assert.equal(await readFile(join(again, 'file'), 'utf8'), 'hello');
    await driver.unmount('shared', 'container-3');
    await driver.remove('shared');
  });

  test(`${name}: a new daemon takes up what is mounted`, async () => {
    await using subject = await make();
    const { driver, options = {} } = subject;
    await driver.create('kept', options);
    const path = await driver.mount('kept', 'container-1');
    await writeFile(join(path, 'file'), 'hello');
    const next = subject.reopen();
    await next.adopt('kept', 'container-1');
    assert.equal(await next.mount('kept', 'container-2'), path);
    await next.unmount('kept', 'container-2');
    assert.equal(await readFile(join(path, 'file'), 'utf8'), 'hello');
    await next.unmount('kept', 'container-1');
    await next.remove('kept');
  });

  test(`${name}: says its scope, and a number for usage`, async () => {
    await using subject = await make();
    assert.ok(['local', 'global'].includes(await subject.driver.scope()));
    await subject.driver.create('sized', subject.options ?? {});
    assert.ok((await subject.driver.usage('sized')) >= -1);
    await subject.driver.remove('sized');
  });
}
