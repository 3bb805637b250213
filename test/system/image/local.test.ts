import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, suite, test } from 'node:test';
import { exec, isErrorCode, sleep } from '../../../packages/base/src/index.ts';
import type { JSONMessage } from '../../../packages/api/src/index.ts';
import { busyboxFiles, chunked, collect, Images, missingForImages } from './manager.kit.ts';

const NO_FORCE = { force: false, noPrune: false };
const FORCE = { force: true, noPrune: false };

function fails(code: 'not-found' | 'conflict' | 'invalid-argument' | 'data-loss', message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(isErrorCode(error, code), String(error));
    assert.match(error.message, message);
    return true;
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail(`never so: ${what}`);
}

suite('images on this host', { skip: missingForImages(), timeout: 120_000 }, () => {
  let images: Images;
  let hello = '';

  before(async () => {
    images = await Images.start();
    hello = await images.manager.importFiles('pouch/hello', await busyboxFiles(), {
      Cmd: ['/bin/sh'],
      Labels: { a: 'b' },
    });
  });
  after(async () => {
    await images[Symbol.asyncDispose]();
  });

  async function ctr(...args: string[]): Promise<string> {
    const { address, namespace } = images.containerd.client;
    return (await exec('ctr', ['-a', address, '-n', namespace, ...args])).stdout;
  }

  test('the built-in image is the same every time, and ctr sees it unpacked', async () => {
    const again = await images.manager.importFiles('pouch/hello', await busyboxFiles(), {
      Cmd: ['/bin/sh'],
      Labels: { a: 'b' },
    });
    assert.equal(again, hello);
    assert.match(await ctr('images', 'ls', '-q'), /^docker\.io\/pouch\/hello:latest$/m);
    const { chainId } = await images.manager.resolve('pouch/hello');
    assert.match(await ctr('snapshots', 'ls'), new RegExp(`${chainId}.*Committed`));
    assert.match(await ctr('content', 'ls'), /containerd\.io\/gc\.ref\.snapshot\.overlayfs/);
  });

  test('an image is found by name, id and prefix, and by nothing else', async () => {
    const { manager } = images;
    for (const text of [
      'pouch/hello',
      'pouch/hello:latest',
      'docker.io/pouch/hello',
      hello,
      hello.slice(7),
      hello.slice(7, 19),
      `pouch/hello@${hello}`,
    ]) {
      assert.equal((await manager.resolve(text)).id, hello, text);
    }
    await assert.rejects(manager.resolve('nosuch'), fails('not-found', /^No such image: nosuch:latest$/));
    await assert.rejects(manager.resolve('0123456789ab'), fails('not-found', /No such image/));
    await assert.rejects(manager.resolve('Bad Name'), fails('invalid-argument', /invalid reference format/));
    await assert.rejects(manager.resolve('pouch/hello', 'linux/arm64'), fails('not-found', /linux\/arm64/));
  });

  test('resolving a second time makes no call', async () => {
    await images.manager.resolve('pouch/hello');
    const from = performance.now();
    for (let count = 0; count < 1000; count += 1) await images.manager.resolve('pouch/hello');
    assert.ok(performance.now() - from < 200);
  });

  test('save and load bring the same image back under its names, and old archives load too', async () => {
    const { manager } = images;
    await manager.tag('pouch/hello', 'pouch/other:v1');
    const archive = await collect(manager.save(['pouch/hello', 'pouch/other:v1'], {}));
    await manager.remove(hello, FORCE);
    await assert.rejects(manager.inspect('pouch/hello'), fails('not-found', /No such image/));
    const messages: JSONMessage[] = [];
    await manager.load(chunked(gzipSync(archive, { level: 1 })), { onProgress: (message) => messages.push(message) });
    const loaded = messages.flatMap(({ stream }) => stream ?? []);
    assert.deepEqual(loaded, ['Loaded image: pouch/hello:latest\n', 'Loaded image: pouch/other:v1\n']);
    assert.deepEqual((await manager.inspect(hello)).RepoTags, ['pouch/hello:latest', 'pouch/other:v1']);
    await manager.remove('pouch/other:v1', NO_FORCE);
  });

  test('an archive saved by id has no name: the image is loaded as dangling', async () => {
    const { manager } = images;
    const id = await manager.importFiles('pouch/nameless', await busyboxFiles({ path: '/x', content: '1' }), {});
    const archive = await collect(manager.save([id], {}));
    await manager.remove('pouch/nameless', NO_FORCE);
    const messages: JSONMessage[] = [];
    await manager.load(chunked(archive), { quiet: true, onProgress: (message) => messages.push(message) });
    assert.deepEqual(messages, [{ stream: `Loaded image ID: ${id}\n` }]);
    const [dangling] = await manager.list({ filters: { dangling: ['true'] } });
    assert.equal(dangling?.Id, id);
    assert.deepEqual(dangling?.RepoTags, []);
    const pruned = await manager.prune({});
    assert.deepEqual(pruned.ImagesDeleted, [{ Deleted: id }]);
    assert.ok(pruned.SpaceReclaimed > 0);
    assert.deepEqual(await manager.list({ filters: { dangling: ['true'] } }), []);
  });

  test('import takes any compression and applies changes', async () => {
    const { manager } = images;
    const { stdout } = await exec('sh', [
      '-c',
      'cd /tmp && d=$(mktemp -d) && mkdir $d/etc && echo hi > $d/etc/motd && tar -C $d -c . | xz -c | base64 -w0; rm -r $d',
    ]);
    const id = await manager.import(chunked(Buffer.from(stdout, 'base64')), {
      repository: 'imported',
      tag: 'x',
      message: 'by hand',
      changes: ['CMD ["/bin/cat"]', 'ENV A=1'],
    });
    const { config, chainId } = await manager.resolve('imported:x');
    assert.deepEqual(config.config, { Cmd: ['/bin/cat'], Env: ['A=1'] });
    assert.notEqual(chainId, '');
    assert.equal((await manager.history(id))[0]?.Comment, 'by hand');
    await assert.rejects(
      manager.import(chunked(Buffer.from('junk')), { repository: 'bad' }),
      (error) => error instanceof Error,
    );
    await assert.rejects(manager.inspect('bad'), fails('not-found', /No such image/));
    await manager.remove('imported:x', NO_FORCE);
  });

  test('commit makes a layer of what a container changed', async () => {
    const { manager, containerd } = images;
    const { snapshots, leases } = containerd.client;
    const parent = await manager.resolve('pouch/hello');
    const lease = await leases.create({});
    const mounts = await snapshots.prepare('c1', parent.chainId, {}, { lease: lease.id });
    const upper = mounts[0]?.options.find((option) => option.startsWith('upperdir='))?.slice(9);
    await exec('sh', ['-c', `echo new > ${upper}/new && mkdir ${upper}/bin && mknod ${upper}/bin/cat c 0 0`]);
    const id = await manager.commit({
      repository: 'committed',
      comment: 'why',
      author: 'me',
      config: { ...parent.config.config, Cmd: ['/bin/ls'] },
      snapshotKey: 'c1',
      parent,
      containerId: 'c1',
      command: 'sh -c true',
    });
    const inspected = await manager.inspect('committed');
    assert.equal(inspected.Id, id);
    assert.equal(inspected.RootFS.Layers?.length, 2);
    assert.deepEqual(inspected.Config?.Cmd, ['/bin/ls']);
    assert.equal(inspected.Author, 'me');
    const { chainId } = await manager.resolve('committed');
    const [view] = await snapshots.view('v1', chainId, {}, { lease: lease.id });
    const layers =
      view?.options
        .find((option) => option.startsWith('lowerdir='))
        ?.slice(9)
        .split(':') ?? [];
    const { stdout } = await exec('sh', ['-c', `cat ${layers[0]}/new; stat -c '%F %t,%T' ${layers[0]}/bin/cat`]);
    assert.equal(stdout, 'new\ncharacter special file 0,0\n');
    await leases.delete(lease.id, true);
    await manager.remove('committed', NO_FORCE);
  });

  test('removal: what containers use stays, and the message says who', async () => {
    const { manager, users } = images;
    const short = hello.slice(7, 19);
    const { manifestDigest } = await manager.resolve('pouch/hello');
    users.push({ containerId: 'c'.repeat(64), imageId: hello, manifestDigest, running: true });
    await assert.rejects(
      manager.remove('pouch/hello', NO_FORCE),
      fails(
        'conflict',
        new RegExp(
          `unable to delete pouch/hello \\(must be forced\\) - container cccccccccccc is using its referenced image ${short}$`,
        ),
      ),
    );
    await assert.rejects(
      manager.remove(short, FORCE),
      fails('conflict', /cannot be forced.*running container cccccccccccc/),
    );
    await manager.tag('pouch/hello', 'second');
    assert.deepEqual(await manager.remove('second', NO_FORCE), [{ Untagged: 'second:latest' }]);
    assert.deepEqual(await manager.remove('pouch/hello', FORCE), [{ Untagged: 'pouch/hello:latest' }]);
    assert.equal((await manager.resolve(hello)).id, hello, 'it lives on for its container');
    assert.equal((await manager.prune({})).ImagesDeleted, null);
    await manager.tag(hello, 'pouch/hello');
    assert.deepEqual(await manager.list({ filters: { dangling: ['true'] } }), []);
    users.length = 0;
    await manager.tag('pouch/hello', 'second');
    await assert.rejects(
      manager.remove(short, NO_FORCE),
      fails('conflict', /must be forced.*referenced in multiple repositories/),
    );
    await manager.remove('second', NO_FORCE);
  });

  test('a name that moves leaves the former image dangling', async () => {
    const { manager } = images;
    const first = await manager.importFiles('moving', await busyboxFiles({ path: '/v', content: '1' }), {});
    const second = await manager.importFiles('moving', await busyboxFiles({ path: '/v', content: '2' }), {});
    assert.notEqual(first, second);
    assert.deepEqual(
      (await manager.list({ filters: { dangling: ['true'] } })).map(({ Id }) => Id),
      [first],
    );
    await manager.prune({});
    await manager.remove('moving', NO_FORCE);
  });

  test('what ctr does to images is seen, and removed content is collected', async () => {
    const { manager } = images;
    await ctr('images', 'tag', 'docker.io/pouch/hello:latest', 'docker.io/library/bydctr:1');
    await until('the new name is known', async () => (await manager.inspect(hello)).RepoTags.includes('bydctr:1'));
    await ctr('images', 'rm', 'docker.io/library/bydctr:1');
    await until('the name is gone', async () => !(await manager.inspect(hello)).RepoTags.includes('bydctr:1'));
    const before = (await ctr('content', 'ls', '-q')).split('\n').length;
    await manager.importFiles('shortlived', await busyboxFiles({ path: '/s', content: 's' }), {});
    await manager.remove('shortlived', NO_FORCE);
    await until('its blobs are collected', async () => (await ctr('content', 'ls', '-q')).split('\n').length <= before);
  });

  test('filters, shared sizes and events', async () => {
    const { manager } = images;
    assert.equal((await manager.list({ filters: { label: ['a=b'] } })).length, 1);
    assert.equal((await manager.list({ filters: { reference: ['pouch/*'] } })).length, 1);
    assert.equal((await manager.list({ filters: { reference: ['nothing*'] } })).length, 0);
    await assert.rejects(
      manager.list({ filters: { nope: ['x'] } }),
      fails('invalid-argument', /invalid filter 'nope'/),
    );
    const [summary] = await manager.list({ sharedSize: true });
    assert.equal(summary?.SharedSize, 0);
    assert.ok((await manager.layersSize()) > 1_000_000);
    const actions = new Set(images.events.map((event) => event.Action));
    for (const action of ['import', 'tag', 'untag', 'delete', 'save', 'load', 'prune'])
      assert.ok(actions.has(action), action);
  });
});
