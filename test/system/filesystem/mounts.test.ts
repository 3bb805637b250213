import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exec, isErrorCode } from '@pouch/base';
import { mount, readMounts, setPropagation } from '@pouch/linux';
import { archive, Fixture, listing, missing } from './filesystem.kit.ts';

describe('mounts of a stopped container', { skip: missing() }, () => {
  it('never carry anything back to shared mounts of the host', async () => {
    await using box = await Fixture.make();
    const shared = box.path('shared');
    await mkdir(shared);
    await mount({ type: 'tmpfs', target: shared });
    await setPropagation(shared, 'shared');
    for (const name of ['inner', 'point']) await mkdir(join(shared, name));
    await mount({ type: 'tmpfs', target: join(shared, 'inner') });
    await writeFile(join(shared, 'inner/kept'), 'kept');
    await mkdir(box.path('volume'));
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/host/point', RW: true });
    box.mounts.push({ Type: 'bind', Source: shared, Destination: '/host', RW: true });
    const own = async (): Promise<string[]> =>
      (await readMounts()).map(({ mountPoint }) => mountPoint).filter((path) => path.startsWith(shared));
    const before = await own();
    await box.filesystem.withRootfs(box.container, async ({ path, running }) => {
      assert.equal(running, false);
      assert.equal(await readFile(join(path, 'host/inner/kept'), 'utf8'), 'kept');
      assert.deepEqual(await own(), before);
    });
    assert.deepEqual(await own(), before);
    await box.put('/host/point', archive({ name: 'new', body: 'x' }));
    assert.equal(await readFile(box.path('volume/new'), 'utf8'), 'x');
    assert.equal(await readFile(join(shared, 'inner/kept'), 'utf8'), 'kept');
  });

  it('land where a destination leads inside the container, files and read-only ones too', async () => {
    await using box = await Fixture.make();
    await symlink(box.path('outside'), box.path('lower1/link'));
    await mkdir(box.path('volume'));
    await writeFile(box.path('file'), 'content');
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/link/v', RW: false });
    box.mounts.push({ Type: 'bind', Source: box.path('file'), Destination: '/etc/one', RW: true });
    await box.filesystem.withRootfs(box.container, async ({ path }) => {
      assert.equal(await readFile(join(path, 'etc/one'), 'utf8'), 'content');
      const inside = join(path, box.path('outside/v'));
      assert.match((await exec('touch', [join(inside, 'x')], { allowFailure: true })).stderr, /Read-only/);
    });
    assert.equal((await listing(await box.get('/etc/one'))).length, 1);
    await assert.rejects(box.put('/etc', archive({ name: 'one', body: 'y' })), (error) =>
      isErrorCode(error, 'conflict'),
    );
    assert.equal(await readFile(box.path('file'), 'utf8'), 'content');
  });

  it('take more layers than a page of mount options would hold', async () => {
    await using box = await Fixture.make();
    const layers = Array.from({ length: 120 }, (_, index) => box.path('snapshots', String(index), 'fs'));
    for (const layer of layers) await mkdir(layer, { recursive: true });
    await writeFile(join(layers[119] as string, 'deepest'), 'x');
    const options = [`upperdir=${box.path('upper')}`, `workdir=${box.path('work')}`, `lowerdir=${layers.join(':')}`];
    assert.ok(options.join(',').length > 4096);
    box.container.rootfs = [{ type: 'overlay', source: 'overlay', options }];
    assert.equal((await box.filesystem.statPath(box.container, '/deepest')).size, 1);
    assert.deepEqual(await box.filesystem.changes(box.container), []);
  });

  it('are gone after a crash, at the next start', async () => {
    await using box = await Fixture.make();
    await mkdir(box.path('volume'));
    await writeFile(box.path('volume/data'), 'data');
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/data', RW: true });
    const below = async (): Promise<number> =>
      (await readMounts()).filter(({ mountPoint }) => mountPoint.startsWith(box.path('mounts'))).length;
    // Nobody lets go of this one.
    await new Promise<void>((resolve) => {
      void box.filesystem.withRootfs(box.container, async () => {
        resolve();
        await new Promise(() => {});
      });
    });
    assert.ok((await below()) >= 3);
    await box.filesystem.cleanup();
    assert.equal(await below(), 0);
    assert.equal(await readFile(box.path('volume/data'), 'utf8'), 'data');
  });
});
