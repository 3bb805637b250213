import assert from 'node:assert/strict';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { exec, isErrorCode } from '@pouch/base';
import { readMounts } from '@pouch/linux';
import { archive, collect, Fixture, listing, missing, pieces } from './filesystem.kit.ts';

const code = (wanted: Parameters<typeof isErrorCode>[1], message?: RegExp) => (error: unknown) =>
  isErrorCode(error, wanted) && (message === undefined || message.test((error as Error).message));

describe('archives in and out of containers', { skip: missing() }, () => {
  it('says what a path is, and where a symlink leads inside the container', async () => {
    await using box = await Fixture.make();
    await writeFile(box.path('lower1/etc/motd'), 'hello');
    await chmod(box.path('lower1/etc/motd'), 0o4755);
    await utimes(box.path('lower1/etc/motd'), 1_600_000_000, 1_600_000_000);
    await symlink('../../../../etc/motd', box.path('lower1/tmp/up'));
    await symlink('/nowhere/x', box.path('lower1/tmp/dangling'));
    await symlink('loop', box.path('lower1/tmp/loop'));
    const stat = async (path: string) => await box.filesystem.statPath(box.container, path);
    assert.deepEqual(await stat('/etc/motd'), {
      name: 'motd',
      size: 5,
      mode: 0o755 | (1 << 23),
      mtime: '2020-09-13T12:26:40Z',
      linkTarget: '',
    });
    assert.equal((await stat('tmp/up')).linkTarget, '/etc/motd');
    assert.equal((await stat('tmp/up')).mode & (1 << 27), 1 << 27);
    assert.equal((await stat('tmp/dangling')).linkTarget, '/nowhere/x');
    assert.equal((await stat('tmp/loop')).linkTarget, 'loop');
    assert.equal((await stat('/etc/')).mode >= 2 ** 31, true);
    assert.equal((await stat('/')).name, '/');
    await assert.rejects(stat('/etc/none'), code('not-found', /Could not find the file \/etc\/none in container box/));
    await assert.rejects(stat('/etc/motd/'), code('invalid-argument', /not a directory/));
    await assert.rejects(stat('/tmp/loop/x'), code('invalid-argument'));
    assert.equal(
      (await readMounts()).filter(({ mountPoint }) => mountPoint.startsWith(`${box.path('mounts')}/mounts/`)).length,
      0,
    );
  });

  it('gives archives that GNU tar reads back as they were', async () => {
    await using box = await Fixture.make();
    const tree = box.path('lower1/srv/tree');
    await mkdir(join(tree, 'deep'), { recursive: true });
    await writeFile(join(tree, 'a'), 'A'.repeat(70_000));
    await link(join(tree, 'a'), join(tree, 'deep/hard'));
    await symlink('./a', join(tree, 'soft'));
    await writeFile(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]), 'bytes');
    await writeFile(join(tree, `${'n'.repeat(200)}`), 'long');
    await exec('mkfifo', [join(tree, 'fifo')]);
    await exec('mknod', [join(tree, 'null'), 'c', '1', '3']);
    await chown(join(tree, 'a'), 1234, 5678);
    await chmod(join(tree, 'a'), 0o4751);
    await exec('cp', ['/bin/busybox', join(tree, 'ping')]);
    await exec('setcap', ['cap_net_raw+ep', join(tree, 'ping')]);
    const tar = await box.get('/srv/tree');
    const out = await mkdtemp(join(tmpdir(), 'pouch-fs-out-'));
    try {
      await exec('tar', ['--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf', '-', '-C', out], { input: tar });
      assert.deepEqual(await readFile(join(out, 'tree/a')), Buffer.from('A'.repeat(70_000)));
      const a = await lstat(join(out, 'tree/a'));
      assert.deepEqual([a.mode & 0o7777, a.uid, a.gid], [0o4751, 1234, 5678]);
      assert.equal((await lstat(join(out, 'tree/deep/hard'))).ino, a.ino);
      assert.equal(await readlink(join(out, 'tree/soft')), './a');
      assert.ok((await lstat(join(out, 'tree/fifo'))).isFIFO());
      assert.equal((await lstat(join(out, 'tree/null'))).rdev, 0x103);
      assert.equal(
        await readFile(Buffer.concat([Buffer.from(`${out}/tree/`), Buffer.from([0xff, 0xfe])]), 'utf8'),
        'bytes',
      );
      assert.match((await exec('getcap', [join(out, 'tree/ping')])).stdout, /cap_net_raw=ep/);
      // And in again: what comes out is what went in.
      await box.put('/tmp', tar);
      const [before, after] = [await box.get('/srv/tree'), await box.get('/tmp/tree')];
      assert.deepEqual((await listing(after)).toSorted(), (await listing(before)).toSorted());
      await box.filesystem.withRootfs(box.container, async ({ path }) => {
        assert.match((await exec('getcap', [join(path, 'tmp/tree/ping')])).stdout, /cap_net_raw=ep/);
      });
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });

  it('names entries as Docker does', async () => {
    await using box = await Fixture.make();
    await mkdir(box.path('lower1/srv/d'), { recursive: true });
    await writeFile(box.path('lower1/srv/d/f'), 'x');
    await symlink('/srv/d', box.path('lower1/alias'));
    const last = async (path: string): Promise<string[]> =>
      (await listing(await box.get(path))).map((line) => line.replace(/^.* \d\d:\d\d:\d\d /, ''));
    assert.deepEqual(await last('/srv/d'), ['d/', 'd/f']);
    assert.deepEqual(await last('/srv/d/'), ['d/', 'd/f']);
    assert.deepEqual(await last('/srv/d/.'), ['./', './f']);
    assert.deepEqual(await last('/srv/d/f'), ['f']);
    assert.deepEqual(await last('/alias/'), ['alias/', 'alias/f']);
    assert.deepEqual(await last('/alias'), ['alias -> /srv/d']);
    assert.ok((await last('/')).includes('/srv/d/f'));
  });

  it('takes every compression, sparse files and long names', async () => {
    await using box = await Fixture.make();
    const source = await mkdtemp(join(tmpdir(), 'pouch-fs-in-'));
    try {
      const long = 'l'.repeat(150);
      await mkdir(join(source, long, long), { recursive: true });
      await writeFile(join(source, long, long, 'end'), 'deep');
      await exec('truncate', ['-s', '50M', join(source, 'sparse')]);
      for (let index = 0; index < 40; index += 1) {
        await exec('dd', [
          'if=/dev/urandom',
          `of=${join(source, 'sparse')}`,
          'bs=4096',
          'count=1',
          `seek=${index * 300}`,
          'conv=notrunc',
        ]);
      }
      const content = await readFile(join(source, 'sparse'));
      for (const format of ['gnu', 'posix', 'oldgnu']) {
        for (const version of format === 'posix' ? ['0.0', '0.1', '1.0'] : ['']) {
          const file = join(source, '..', `${process.pid}.tar`);
          await exec('tar', [
            '-S',
            `--format=${format}`,
            ...(version ? [`--sparse-version=${version}`] : []),
            '-cf',
            file,
            '-C',
            source,
            '.',
          ]);
          const tar = await readFile(file);
          await rm(file);
          assert.ok(tar.length < 2_000_000);
          await box.put('/tmp', tar);
          await box.filesystem.withRootfs(box.container, async ({ path }) => {
            assert.ok(content.equals(await readFile(join(path, 'tmp/sparse'))), `${format} ${version}`);
            assert.ok((await lstat(join(path, 'tmp/sparse'))).blocks < 10_000);
            assert.equal(await readFile(join(path, 'tmp', long, long, 'end'), 'utf8'), 'deep');
          });
        }
      }
      const tar = archive({ name: 'plain', body: 'text' });
      for (const packed of [gzipSync(tar), zstdCompressSync(tar), await pack('bzip2', tar), await pack('xz', tar)]) {
        await box.put('/tmp', archive({ name: 'plain', body: '' }));
        await box.put('/tmp', pieces(packed, 3));
        assert.equal((await box.filesystem.statPath(box.container, '/tmp/plain')).size, 4);
      }
      await assert.rejects(box.put('/tmp', gzipSync(tar).subarray(0, 60)), code('invalid-argument'));
      await assert.rejects(box.put('/tmp', tar.subarray(0, 514)), code('invalid-argument', /unexpected EOF/));
      await assert.rejects(box.put('/tmp', Buffer.from('no archive at all'.repeat(100))), code('invalid-argument'));
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  });

  it('refuses what Docker refuses', async () => {
    await using box = await Fixture.make();
    await writeFile(box.path('lower1/etc/file'), 'x');
    await mkdir(box.path('lower1/etc/dir/sub'), { recursive: true });
    await assert.rejects(
      box.put('/none', archive()),
      code('not-found', /Could not find the file \/none in container box/),
    );
    await assert.rejects(
      box.put('/etc/file', archive()),
      code('invalid-argument', /extraction point is not a directory/),
    );
    const overDirectory = archive({ name: 'dir', body: 'x' });
    const overFile = archive({ name: 'file/', type: '5' });
    await assert.rejects(
      box.put('/etc', overDirectory, { noOverwriteDirNonDir: true }),
      code('invalid-argument', /cannot overwrite directory/),
    );
    await assert.rejects(
      box.put('/etc', overFile, { noOverwriteDirNonDir: true }),
      code('invalid-argument', /cannot overwrite non-directory/),
    );
    await box.put('/etc', overDirectory);
    await box.put('/etc', overFile);
    assert.ok((await box.filesystem.statPath(box.container, '/etc/file')).mode >= 2 ** 31);
    assert.equal((await box.filesystem.statPath(box.container, '/etc/dir')).size, 1);
    box.hostConfig['ReadonlyRootfs'] = true;
    await assert.rejects(box.put('/etc', archive()), code('permission-denied', /container rootfs is marked read-only/));
    await mkdir(box.path('volume'));
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/etc/volume', RW: true });
    await box.put('/etc/volume', archive({ name: 'in', body: 'volume' }));
    assert.equal(await readFile(box.path('volume/in'), 'utf8'), 'volume');
    box.mounts[0] = { ...box.mounts[0]!, RW: false };
    await assert.rejects(
      box.put('/etc/volume', archive()),
      code('permission-denied', /mounted volume is marked read-only/),
    );
  });

  it('gives what is copied to the container user, on request', async () => {
    await using box = await Fixture.make();
    await writeFile(box.path('lower1/etc/passwd'), 'app:x:321:654::/:\n');
    box.config['User'] = 'app';
    await box.put('/tmp', archive({ name: 'f', body: 'x', uid: 7 }), { copyUIDGID: true });
    await box.put('/tmp', archive({ name: 'g', body: 'x', uid: 7 }));
    await box.filesystem.withRootfs(box.container, async ({ path }) => {
      assert.deepEqual([(await lstat(join(path, 'tmp/f'))).uid, (await lstat(join(path, 'tmp/f'))).gid], [321, 654]);
      assert.equal((await lstat(join(path, 'tmp/g'))).uid, 7);
    });
  });

  it('sees a running container with its volumes, and exports it without them', async () => {
    await using box = await Fixture.make();
    await mkdir(box.path('volume'));
    await writeFile(box.path('volume/secret'), 'v');
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/data', RW: true });
    await box.run('echo live >/tmp/live; sleep 1000');
    assert.deepEqual((await listing(await box.get('/data'))).length, 2);
    await box.put('/data', archive({ name: 'new', body: 'n' }));
    assert.equal(await readFile(box.path('volume/new'), 'utf8'), 'n');
    const tar = await collect(box.filesystem.exportFilesystem(box.container, new AbortController().signal));
    const names = (await listing(tar)).map((line) => line.split(/\s+/).at(-1));
    assert.ok(names.includes('data/') && names.includes('tmp/live') && names.includes('bin/busybox'));
    assert.ok(!names.some((name) => name?.startsWith('data/s') || name?.startsWith('./') || name === '/'));
    // A pid that is another process's now must not open that one's files.
    await box.stop();
    box.claimPid(process.pid);
    await assert.rejects(box.get('/work'), code('not-found'));
    assert.equal((await box.filesystem.statPath(box.container, '/tmp/live')).size, 5);
  });

  it('lists changes as docker diff does', async () => {
    await using box = await Fixture.make();
    await mkdir(box.path('lower1/srv/opaque/old'), { recursive: true });
    await mkdir(box.path('lower1/srv/keep/inner'), { recursive: true });
    await writeFile(box.path('lower1/etc/gone'), '');
    await writeFile(box.path('lower1/etc/mod'), '1');
    await writeFile(box.path('lower2/top'), '');
    const kinds = async () =>
      (await box.filesystem.changes(box.container)).map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`);
    assert.deepEqual(await kinds(), []);
    await box.run(
      'rm /etc/gone; echo 2 >/etc/mod; mkdir -p /new/a; echo >/new/a/b; rm -r /srv/opaque; mkdir /srv/opaque; echo >/srv/opaque/new; rm /top; echo >/etc/hosts; : >/etc/hosts; sleep 1000',
    );
    const expected = [
      'C /etc',
      'D /etc/gone',
      'C /etc/mod',
      'A /new',
      'A /new/a',
      'A /new/a/b',
      'C /srv',
      'C /srv/opaque',
      'A /srv/opaque/new',
      'D /srv/opaque/old',
      'D /top',
    ];
    assert.deepEqual(await kinds(), expected);
    await box.stop();
    assert.deepEqual(await kinds(), expected);
    assert.deepEqual(await box.filesystem.sizes(box.container), { rw: 5, rootfs: 325 });
  });

  it('shares one mount between users, and leaves none behind', async () => {
    await using box = await Fixture.make();
    await using more = await Fixture.make();
    const below = async () =>
      (await readMounts()).filter(({ mountPoint }) => mountPoint.startsWith(`${box.path('mounts')}/mounts/`)).length;
    await Promise.all(Array.from({ length: 20 }, async () => await box.filesystem.statPath(box.container, '/bin/sh')));
    assert.equal(await below(), 0);
    await box.filesystem.withRootfs(box.container, async () => {
      await box.filesystem.withRootfs(box.container, async () => assert.equal(await below(), 1));
      assert.equal(await below(), 1);
    });
    assert.equal(await below(), 0);
    const given = new AbortController();
    await box.filesystem.getArchive(box.container, '/bin', given.signal);
    assert.equal(await below(), 1);
    given.abort();
    await box.filesystem.whenIdle(box.container.id);
    assert.equal(await below(), 0);
    assert.equal(more.container.live, false);
  });
});

async function pack(program: string, data: Buffer): Promise<Buffer> {
  const { stdout } = await exec('sh', ['-c', `${program} -c | base64 -w0`], { input: data });
  return Buffer.from(stdout, 'base64');
}
