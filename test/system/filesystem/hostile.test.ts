import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { exec, isErrorCode } from '@pouch/base';
import { readMounts } from '@pouch/linux';
import { archive, Fixture, listing, missing, type RawEntry } from './filesystem.kit.ts';

/** A container whose /out points at a place on the host, in every way a path can. */
async function trapped(): Promise<Fixture> {
  const box = await Fixture.make();
  const outside = box.path('outside');
  await writeFile(join(outside, 'precious'), 'untouched');
  await symlink(outside, box.path('lower1/tmp/absolute'));
  await symlink(`${'../'.repeat(30)}${outside.slice(1)}`, box.path('lower1/tmp/relative'));
  await symlink(join(outside, 'precious'), box.path('lower1/tmp/file'));
  return box;
}

async function untouched(box: Fixture): Promise<void> {
  assert.deepEqual(await readdir(box.path('outside')), ['precious']);
  assert.equal(await readFile(box.path('outside/precious'), 'utf8'), 'untouched');
}

describe('hostile archives and containers', { skip: missing() }, () => {
  it('never leaves the container through its symlinks', async () => {
    await using box = await trapped();
    for (const path of [
      '/tmp/absolute',
      '/tmp/relative',
      '/tmp/absolute/precious',
      '/tmp/relative/../outside/precious',
      '/tmp/file/',
    ]) {
      const read = box.filesystem.getArchive(
        box.container,
        path.replace(/([^/])$/, '$1/.'),
        new AbortController().signal,
      );
      await assert.rejects(read, (error) => isErrorCode(error, 'not-found', 'invalid-argument'));
      await assert.rejects(box.put(path, archive({ name: 'x', body: 'x' })), (error) =>
        isErrorCode(error, 'not-found', 'invalid-argument'),
      );
    }
    assert.deepEqual((await listing(await box.get('/tmp/file'))).length, 1);
    // A file in the place of a link replaces the link; a link that leads nowhere in the container is made real there.
    await box.put('/tmp', archive({ name: 'file', body: 'mine' }));
    await box.put('/tmp', archive({ name: 'absolute/in', body: 'mine' }));
    await untouched(box);
    await box.filesystem.withRootfs(box.container, async ({ path }) => {
      assert.equal(await readFile(join(path, 'tmp/file'), 'utf8'), 'mine');
      assert.equal(await readFile(join(path, box.path('outside/in')), 'utf8'), 'mine');
    });
  });

  it('refuses archives that reach out, and those that plant their own way', async () => {
    await using box = await trapped();
    const outside = box.path('outside');
    const attacks: Record<string, RawEntry[]> = {
      dots: [{ name: '../../../../../../tmp/x', body: 'x' }],
      'dots inside': [{ name: 'a/../../x', body: 'x' }],
      'planted absolute link': [
        { name: 'l', type: '2', link: outside },
        { name: 'l/x', body: 'x' },
      ],
      'planted relative link': [
        { name: 'l', type: '2', link: '../..' },
        { name: 'l/x', body: 'x' },
      ],
      'planted link to a link': [
        { name: 'a', type: '2', link: '/' },
        { name: 'b', type: '2', link: 'a' },
        { name: 'b/x', body: 'x' },
      ],
      'hard link through dots': [{ name: 'h', type: '1', link: '../etc/passwd' }],
      'hard link outside': [{ name: 'h', type: '1', link: join(outside, 'precious') }],
      'hard link through planted link': [
        { name: 'l', type: '2', link: outside },
        { name: 'h', type: '1', link: 'l/precious' },
      ],
      'hard link to a directory': [
        { name: 'd/', type: '5' },
        { name: 'h', type: '1', link: 'd' },
      ],
      'unknown type': [{ name: 'q', type: 'Q' }],
    };
    for (const [name, entries] of Object.entries(attacks)) {
      await assert.rejects(
        box.put('/tmp', archive(...entries)),
        (error) => isErrorCode(error, 'invalid-argument', 'not-found'),
        name,
      );
      await untouched(box);
    }
    await box.put('/tmp', archive({ name: '/rooted', body: 'x' }));
    assert.equal((await box.filesystem.statPath(box.container, '/tmp/rooted')).size, 1);
    // A hard link to a symlink is another such symlink, and what comes after replaces it.
    await box.put(
      '/tmp',
      archive(
        { name: 's', type: '2', link: join(outside, 'precious') },
        { name: 'h', type: '1', link: 's' },
        { name: 'h', body: 'new' },
      ),
    );
    await untouched(box);
  });

  it('is not held up by FIFOs and devices, nor filled by headers', { timeout: 30_000 }, async () => {
    await using box = await trapped();
    await box.put(
      '/tmp',
      archive(
        { name: 'p', type: '6' },
        { name: 'n', type: '3', device: [1, 3], mode: 0o666 },
        { name: 'b', type: '4', device: [7, 0] },
      ),
    );
    assert.equal((await box.filesystem.statPath(box.container, '/tmp/p')).mode & (1 << 25), 1 << 25);
    assert.match((await listing(await box.get('/tmp/n')))[0] ?? '', /^crw-rw-rw- 0\/0 +1,3 /);
    assert.match((await listing(await box.get('/tmp/p')))[0] ?? '', /^prw/);
    // Content into a FIFO's and a device's place replaces them.
    await box.put('/tmp', archive({ name: 'p', body: 'file' }, { name: 'n', body: 'file' }));
    assert.equal((await box.filesystem.statPath(box.container, '/tmp/p')).size, 4);
    const huge = archive({ name: 'x', type: 'x' });
    huge.write('77777777777', 124, 'latin1');
    huge.write('        ', 148, 'latin1');
    huge.write(
      `${huge
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0`,
      148,
      'latin1',
    );
    await assert.rejects(box.put('/tmp', huge), (error) => isErrorCode(error, 'too-large'));
    await assert.rejects(
      box.put(
        '/tmp',
        archive(
          { name: 'n'.repeat(90) + '/'.repeat(9), type: '5' },
          { name: `${'é'.repeat(45)}${'x'.repeat(10)}`, type: '2' },
        ),
      ),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
  });

  it('replaces a directory with all in it, but never what is mounted there', async () => {
    await using box = await trapped();
    await mkdir(box.path('volume'));
    await writeFile(box.path('volume/data'), 'data');
    await mkdir(box.path('lower1/srv/d/e/f'), { recursive: true });
    await symlink(box.path('outside'), box.path('lower1/srv/d/e/out'));
    box.mounts.push({ Type: 'bind', Source: box.path('volume'), Destination: '/srv/m/v', RW: true });
    await box.put('/srv', archive({ name: 'd', body: 'x' }));
    await untouched(box);
    await assert.rejects(box.put('/srv', archive({ name: 'm', body: 'x' })), (error) => isErrorCode(error, 'conflict'));
    assert.equal(await readFile(box.path('volume/data'), 'utf8'), 'data');
  });

  it('stays inside while directories are swapped for symlinks under its hands', { timeout: 120_000 }, async () => {
    await using box = await trapped();
    await box.run();
    await mkdir(`/proc/${box.container.state.pid}/root/tmp/race/real/a/b`, { recursive: true });
    const swapper = swap(`/proc/${box.container.state.pid}/root/tmp/race`, box.path('outside'));
    const entries: RawEntry[] = Array.from({ length: 400 }, (_, index) => ({
      name: `real/a/b/f${index}`,
      body: `${index}`,
    }));
    entries.push(
      { name: 'real/a/b/l', type: '2', link: 'x' },
      { name: 'real/a/b/d/', type: '5' },
      { name: 'real/a/h', type: '1', link: 'real/a/b/f1' },
    );
    const outcomes = { done: 0, failed: 0 };
    try {
      for (let round = 0; round < 25; round += 1) {
        await box.put('/tmp/race', archive(...entries)).then(
          () => (outcomes.done += 1),
          (error: unknown) => {
            assert.ok(isErrorCode(error, 'not-found', 'invalid-argument', 'conflict', 'internal'), String(error));
            outcomes.failed += 1;
          },
        );
        const tar = await box.get('/tmp/race/real').catch(() => Buffer.alloc(1024));
        assert.ok(!(await listing(tar)).some((line) => /precious/.test(line)));
        await untouched(box);
      }
    } finally {
      await swapper.terminate();
    }
    // The swapper was in the way indeed.
    assert.ok(outcomes.failed > 0, JSON.stringify(outcomes));
    await untouched(box);
  });

  it('ends at once on abort, and lets go of everything', async () => {
    await using box = await trapped();
    const control = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield archive({ name: 'big', body: 'x'.repeat(4096) }).subarray(0, 2048);
      setTimeout(() => control.abort(), 50);
      await new Promise((resolve) => setTimeout(resolve, 300));
      yield new Uint8Array(1024 * 1024);
    }
    await assert.rejects(box.put('/tmp', endless(), { signal: control.signal }), (error) =>
      isErrorCode(error, 'cancelled'),
    );
    const stalled = AbortSignal.timeout(100);
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield archive({ name: 'a', body: 'x' }).subarray(0, 512);
      await new Promise(() => {});
    }
    await assert.rejects(box.put('/tmp', silent(), { signal: stalled }), (error) => isErrorCode(error, 'cancelled'));
    const reading = new AbortController();
    await exec('truncate', ['-s', '5G', box.path('upper/huge')]);
    const { tar } = await box.filesystem.getArchive(box.container, '/huge', reading.signal);
    let bytes = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of tar) {
          bytes += chunk.length;
          if (bytes > 10_000_000) reading.abort();
        }
      },
      (error) => isErrorCode(error, 'cancelled'),
    );
    for await (const chunk of (await box.filesystem.getArchive(box.container, '/huge', new AbortController().signal))
      .tar) {
      assert.ok(chunk.length > 0);
      break;
    }
    await box.filesystem.whenIdle(box.container.id);
    await untouched(box);
    for await (const chunk of box.filesystem.exportFilesystem(box.container, AbortSignal.timeout(60_000))) {
      assert.ok(chunk.length > 0);
      break;
    }
    const left = (await readMounts()).filter(({ mountPoint }) =>
      mountPoint.startsWith(`${box.path('mounts')}/mounts/`),
    );
    assert.deepEqual(left, []);
  });
});

/** Somebody in the container who never rests: `real` is a directory one moment and a symlink to the outside the next. */
function swap(directory: string, outside: string): Worker {
  const program = `
    const { renameSync, symlinkSync, rmSync } = require('node:fs');
    const { directory, outside } = require('node:worker_threads').workerData;
    const quietly = (work) => { try { work(); } catch {} };
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (;;) {
      for (const name of ['real', 'real/a', 'real/a/b']) {
        quietly(() => renameSync(directory + '/' + name, directory + '/aside'));
        quietly(() => symlinkSync(outside, directory + '/' + name));
        Atomics.wait(pause, 0, 0, 0.2);
        quietly(() => rmSync(directory + '/' + name));
        quietly(() => renameSync(directory + '/aside', directory + '/' + name));
        Atomics.wait(pause, 0, 0, 0.5);
      }
    }`;
  return new Worker(program, { eval: true, workerData: { directory, outside } });
}
