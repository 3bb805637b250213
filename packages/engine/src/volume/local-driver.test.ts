import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { readMounts, unmountTree } from '@pouch/linux';
import { LocalDriver } from './local-driver.ts';
import { parseLocalOptions } from './local-options.ts';
import { TmpfsDriver } from './tmpfs-driver.ts';
import { type DriverUnderTest, testVolumeDriver } from './volume-driver.testsuite.ts';

const isRoot = process.getuid?.() === 0;

async function makeLocal(kind: 'plain' | 'bind' | 'tmpfs'): Promise<DriverUnderTest & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'pouch-volumes-'));
  await mkdir(join(root, 'elsewhere'));
  const open = (): LocalDriver =>
    kind === 'tmpfs' ? new TmpfsDriver({ root: join(root, 'v') }) : new LocalDriver({ root: join(root, 'v') });
  return {
    root,
    driver: open(),
    reopen: open,
    volatile: kind === 'tmpfs',
    ...(kind === 'bind' && { options: { type: 'none', o: 'bind', device: join(root, 'elsewhere') } }),
    ...(kind === 'tmpfs' && { options: { size: '1m', mode: '1777' } }),
    async [Symbol.asyncDispose]() {
      await unmountTree(root);
      await rm(root, { recursive: true });
    },
  };
}

testVolumeDriver('local', async () => await makeLocal('plain'));
if (isRoot) {
  testVolumeDriver('local with a bind', async () => await makeLocal('bind'));
  testVolumeDriver('tmpfs', async () => await makeLocal('tmpfs'));
}

test('options of the local driver are checked, and NFS servers named as Docker does', () => {
  assert.equal(parseLocalOptions({}), undefined);
  assert.deepEqual(parseLocalOptions({ type: 'nfs', o: 'addr=10.0.0.1,rw', device: ':/export' }), {
    type: 'nfs',
    device: '10.0.0.1:/export',
    options: ['rw'],
  });
  assert.deepEqual(parseLocalOptions({ type: 'nfs4', o: 'addr=fd00::1', device: ':/x' })?.device, '[fd00::1]:/x');
  for (const bad of [
    { size: '1' },
    { type: 'tmpfs' },
    { device: '/x' },
    { type: '../x', device: '/x' },
    { o: 'bind', device: 'x' },
    { type: 'ext4', device: '/x', o: 'remount' },
  ]) {
    assert.throws(
      () => parseLocalOptions(bad),
      (error) => isErrorCode(error, 'invalid-argument'),
      JSON.stringify(bad),
    );
  }
});

test('removing a volume follows no symlink and never reaches into a mount', { skip: !isRoot }, async () => {
  await using subject = await makeLocal('bind');
  const { driver, root, options = {} } = subject;
  await writeFile(join(root, 'elsewhere/precious'), 'x');
  await driver.create('linked', {});
  const path = await driver.mount('linked', 'c');
  await symlink(join(root, 'elsewhere'), join(path, 'link'));
  await assert.rejects(driver.remove('linked'), (error) => isErrorCode(error, 'conflict'));
  await driver.unmount('linked', 'c');
  await driver.remove('linked');
  await driver.create('bound', options);
  await driver.mount('bound', 'c');
  // The daemon dies; its successor knows of no user and removes the volume.
  await subject.reopen().remove('bound');
  assert.equal(await readFile(join(root, 'elsewhere/precious'), 'utf8'), 'x');
  assert.equal(
    (await readMounts()).some((each) => each.mountPoint.startsWith(root)),
    false,
  );
  assert.deepEqual(await readdir(join(root, 'v')), []);
});

test('a mount that fails says why, and leaves the volume unused', { skip: !isRoot }, async () => {
  await using subject = await makeLocal('plain');
  await subject.driver.create('gone', { type: 'none', o: 'bind', device: '/nowhere/at/all' });
  await assert.rejects(subject.driver.mount('gone', 'c'), /failed to mount local volume: \/nowhere\/at\/all/);
  await subject.driver.remove('gone');
});
