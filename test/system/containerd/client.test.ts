import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type ErrorCode, isErrorCode, silentLogger, sleep } from '@pouch/base';
import { type ContainerdEvent, Ingest, OCI_TYPE } from '@pouch/containerd';
import {
  type BusyboxImage,
  createContainer,
  makeBusyboxImage,
  makeProcess,
  makeSpec,
  missingForContainers,
  removeContainer,
} from './busybox.kit.ts';
import { Containerd } from './supervised.kit.ts';

function fails(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isErrorCode(error, code) || assert.fail(`expected ${code}, got ${String(error)}`);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Whether the kernel has a cgroup v1 hierarchy that is mounted elsewhere only. */
async function hasHiddenHierarchy(): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const lines = (await readFile('/proc/self/cgroup', 'utf8')).trim().split('\n');
  const names = lines.map((line) => line.split(':')[1] ?? '').filter((name) => name !== '' && !name.includes('='));
  return names.some((name) => !new RegExp(`^\\S+ \\S+ cgroup \\S*\\b${name.split(',')[0]}\\b`, 'm').test(mounts));
}

suite('the containerd client', { skip: missingForContainers(), timeout: 120_000 }, () => {
  let containerd: Containerd;
  let image: BusyboxImage;

  before(async () => {
    containerd = await Containerd.start();
    image = await makeBusyboxImage(containerd.client);
  });
  after(async () => {
    await containerd[Symbol.asyncDispose]();
  });

  test('runs a container, and its events come with their fields', async () => {
    const { client } = containerd;
    const stop = new AbortController();
    const events: ContainerdEvent[] = [];
    const { promise: subscribed, resolve } = Promise.withResolvers<void>();
    const watching = (async () => {
      for await (const item of client.events.watch({ filters: ['topic~="^/tasks/"'], signal: stop.signal })) {
        if (item.type === 'subscribed') resolve();
        if (item.type === 'event') events.push(item.event);
      }
    })();
    await using _end = { [Symbol.asyncDispose]: async () => (stop.abort(), await watching) };
    await subscribed;
    const out = join(containerd.directory, 'out');
    await writeFile(out, '');
    const args = ['sh', '-c', 'echo hello; exit 3'];
    await createContainer(client, image, { id: 'hello', args, stdout: `file://${out}` });
    const pid = await client.tasks.start('hello');
    const exit = await client.tasks.wait('hello', '', { deadlineMs: 10_000 });
    assert.equal(exit.exitStatus, 3);
    assert.equal((await client.tasks.get('hello')).status, 'stopped');
    assert.deepEqual(await client.tasks.delete('hello'), exit);
    const topics = (): string[] => events.map(({ topic }) => topic).toSorted();
    const wanted = ['/tasks/create', '/tasks/delete', '/tasks/exit', '/tasks/start'];
    for (let waited = 0; waited < 5000 && topics().length < wanted.length; waited += 5) await sleep(5);
    stop.abort();
    await watching;
    assert.equal(await readFile(out, 'utf8'), 'hello\n');
    // The shim's events and containerd's own may overtake each other.
    assert.deepEqual(topics(), wanted);
    const event = events.find(({ topic }) => topic === '/tasks/exit')?.event;
    assert.ok(event?.kind === 'TaskExit');
    assert.deepEqual(
      [event.containerId, event.id, event.pid, event.exitStatus, event.exitedAt],
      ['hello', 'hello', pid, 3, exit.exitedAt],
    );
    await removeContainer(client, 'hello');
  });

  test('execs, signals, pauses, measures and lists', async () => {
    const { client } = containerd;
    const { tasks } = client;
    await createContainer(client, image, { id: 'busy', args: ['sleep', '1000'] });
    const pid = await tasks.start('busy');
    await tasks.exec({ containerId: 'busy', execId: 'one', process: makeProcess(['sh', '-c', 'sleep 5; exit 9']) });
    const execPid = await tasks.start('busy', 'one');
    const pids = await tasks.pids('busy');
    assert.ok(pids.some((entry) => entry.pid === pid && entry.execId === undefined));
    assert.ok(pids.some((entry) => entry.pid === execPid));
    const waiting = tasks.wait('busy', 'one', { deadlineMs: 10_000 });
    await tasks.kill('busy', 15, { execId: 'one' });
    assert.equal((await waiting).exitStatus, 143);
    await tasks.deleteProcess('busy', 'one');
    await assert.rejects(tasks.get('busy', 'one'), fails('not-found'));
    await tasks.pause('busy');
    assert.equal((await tasks.get('busy')).status, 'paused');
    await tasks.resume('busy');
    await tasks.update('busy', { pids: { limit: 77 } });
    const [metric] = await tasks.metrics(['busy']);
    // Shims tell nothing while a cgroup v1 hierarchy exists that their mount namespace does not show.
    if (metric || !(await hasHiddenHierarchy())) {
      assert.equal(metric?.containerId, 'busy');
      assert.ok(metric.cgroup !== undefined);
      assert.equal(metric.metrics.pids?.limit, 77n);
    }
    assert.deepEqual(
      (await tasks.list()).map(({ containerId, status }) => [containerId, status]),
      [['busy', 'running']],
    );
    await removeContainer(client, 'busy');
    await assert.rejects(tasks.kill('busy', 9), fails('not-found'));
  });

  test('a command that is missing or no program is told apart, at create and at exec', async () => {
    const { client } = containerd;
    await createContainer(client, image, { id: 'host', args: ['sleep', '1000'] });
    await client.tasks.start('host');
    const cases: [string, ErrorCode][] = [
      ['nosuch', 'command-not-found'],
      ['/no/such', 'command-not-found'],
      ['/etc/plain', 'command-not-executable'],
      ['/etc', 'command-not-executable'],
    ];
    for (const [command, code] of cases) {
      await assert.rejects(createContainer(client, image, { id: 'bad', args: [command] }), fails(code));
      await removeContainer(client, 'bad');
      const exec = async (): Promise<void> => {
        await client.tasks.exec({ containerId: 'host', execId: 'bad', process: makeProcess([command]) });
        await client.tasks.start('host', 'bad');
      };
      await assert.rejects(exec(), fails(code));
      await client.tasks.deleteProcess('host', 'bad').catch(() => {});
    }
    await removeContainer(client, 'host');
  });

  test('container records keep their specification, labels and options; a change leaves the rest', async () => {
    const { containers } = containerd.client;
    const spec = makeSpec('record', ['true']);
    const request = { id: 'record', runtime: 'io.containerd.runc.v2', spec, labels: { a: '1' }, image: 'i' };
    await containers.create(request);
    await assert.rejects(containers.create(request), fails('already-exists'));
    await containers.update('record', { labels: { b: '2' } });
    const record = await containers.get('record');
    assert.deepEqual(record.labels, { b: '2' });
    assert.equal(record.image, 'i');
    assert.deepEqual(record.spec(), spec);
    const listed: string[] = [];
    for await (const { id } of containers.list(['labels.b==2'])) listed.push(id);
    assert.deepEqual(listed, ['record']);
    await containers.delete('record');
    await assert.rejects(containers.get('record'), fails('not-found'));
    assert.equal(OCI_TYPE.spec.startsWith('types.containerd.io/'), true);
  });

  test('blobs go in by a move, by the stream where the directory is out of reach, and only with the right digest', async () => {
    const { client, directory } = containerd;
    const { content, introspection, leases } = client;
    const far = new Ingest({ contentRoot: '/nowhere/content' }, { content, introspection, logger: silentLogger });
    const wrong = new Ingest({ contentRoot: directory }, { content, introspection, logger: silentLogger });
    const path = join(directory, 'blob');
    await leases.use(async (lease) => {
      for (const [ingest, way] of [
        [client.ingest, 'moved'],
        [far, 'streamed'],
        [wrong, 'streamed'],
      ] as const) {
        const bytes = randomBytes(3_000_001);
        const blob = { path, digest: digestOf(bytes), size: bytes.length, labels: { way } };
        await writeFile(path, bytes);
        assert.equal(await ingest.file(blob, { lease }), way);
        await assert.rejects(readFile(path), { code: 'ENOENT' });
        assert.ok((await content.readAll(blob.digest, 4_000_000)).equals(bytes));
        const part = await Array.fromAsync(content.read(blob.digest, { offset: 1_000_000, size: 10 }));
        assert.ok(Buffer.concat(part).equals(bytes.subarray(1_000_000, 1_000_010)));
        assert.deepEqual((await content.info(blob.digest)).labels, { way });
        await writeFile(path, bytes);
        assert.equal(await ingest.file({ ...blob, labels: { again: 'yes' } }, { lease }), 'existed');
        assert.deepEqual((await content.info(blob.digest)).labels, { way, again: 'yes' });
        await writeFile(path, bytes.fill(1, 5, 6));
        await assert.rejects(ingest.file(blob, { lease }), fails('data-loss'));
        await assert.rejects(ingest.file({ ...blob, size: 5 }, { lease }), fails('data-loss'));
        await assert.rejects(ingest.file({ ...blob, digest: 'sha256:../../x' }, { lease }), fails('invalid-argument'));
      }
      assert.equal((await leases.resources(lease)).filter(({ type }) => type === 'content').length, 3);
    });
    assert.deepEqual(await content.listStatuses(), []);
  });

  test('bytes go in, small and large; a wrong digest does not', async () => {
    const { ingest, content, leases } = containerd.client;
    await leases.use(async (lease) => {
      for (const size of [0, 1, 1000, 70_000]) {
        const bytes = randomBytes(size);
        const digest = await ingest.bytes({ bytes, labels: { size: `${size}` } }, { lease });
        assert.equal(digest, digestOf(bytes));
        assert.ok((await content.readAll(digest, size)).equals(bytes));
      }
      const bytes = Buffer.from('x');
      await assert.rejects(ingest.bytes({ bytes, digest: digestOf(Buffer.from('y')) }, { lease }), fails('data-loss'));
    });
  });

  test('an interrupted write is gone on with; a corrupt one is refused', async () => {
    const { content, leases } = containerd.client;
    await leases.use(async (lease) => {
      const bytes = randomBytes(2_000_000);
      const request = { ref: 'resume', size: bytes.length, digest: digestOf(bytes) };
      {
        using writer = await content.openWriter(request, { lease });
        await writer.write(bytes.subarray(0, 1_500_000));
        while ((await content.status('resume')).offset < 1_500_000) await sleep(5);
      }
      await sleep(20);
      using writer = await content.openWriter(request, { lease });
      assert.equal(writer.offset, 1_500_000);
      await writer.write(bytes.subarray(1_500_000));
      assert.equal(await writer.commit(), request.digest);
      using corrupt = await content.openWriter(
        { ref: 'corrupt', size: 4, digest: digestOf(Buffer.from('good')) },
        { lease },
      );
      await corrupt.write(Buffer.from('evil'));
      await assert.rejects(corrupt.commit(), fails('conflict'));
      await content.abort('corrupt');
    });
  });

  test('snapshots, diffs, images, leases and namespaces do what they say', async () => {
    const { client } = containerd;
    const { snapshots, images, leases, namespaces, introspection } = client;
    assert.ok((await introspection.snapshotters()).includes('overlayfs'));
    assert.equal(await introspection.contentRoot(), join(containerd.options.root, 'io.containerd.content.v1.content'));
    await leases.use(async (lease) => {
      const upper = await snapshots.prepare('upper', image.chainId, { l: '1' }, { lease });
      assert.equal((await snapshots.stat('upper')).kind, 'active');
      await snapshots.updateLabels('upper', { m: '2' });
      assert.deepEqual((await snapshots.stat('upper')).labels, { l: '1', m: '2' });
      assert.ok((await snapshots.usage('upper')).inodes > 0);
      await assert.rejects(snapshots.remove(image.chainId), fails('conflict'));
      const lower = await snapshots.view('lower', image.chainId, {}, { lease });
      const mediaType = 'application/vnd.oci.image.layer.v1.tar';
      const layer = await client.diff.diff({ lower, upper, mediaType }, { lease });
      assert.equal(layer.mediaType, mediaType);
      assert.ok(await client.content.exists(layer.digest));
      await snapshots.remove('lower');
      await snapshots.remove('upper');
      assert.equal(await snapshots.exists('upper'), false);
    });
    const target = (await images.get(image.name)).target;
    await images.put({ name: 'other', target, labels: { a: 'b' } });
    await images.put({ name: 'other', target, labels: { c: 'd' } });
    assert.deepEqual((await images.get('other')).labels, { c: 'd' });
    await images.delete('other', true);
    assert.deepEqual(
      (await images.list()).map(({ name }) => name),
      [image.name],
    );
    await namespaces.ensure('second');
    await namespaces.ensure('second');
    assert.deepEqual(await images.list([], { namespace: 'second' }), []);
    await namespaces.delete('second');
    assert.ok((await namespaces.list()).every(({ name }) => name !== 'second'));
    await assert.rejects(namespaces.create('../x'), fails('invalid-argument'));
  });
});
