import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EventMessage } from '@pouch/api';
import { isErrorCode, silentLogger } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import { EventBus } from '../events/event-bus.ts';
import { Database } from '../store/database.ts';
import { RecordTable } from '../store/record-table.ts';
import { PluginServer } from './plugin-server.testkit.ts';
import { VolumeManager } from './volume-manager.ts';
import type { VolumeRecord } from './volume-record.ts';

const isRoot = process.getuid?.() === 0;

class Scene implements AsyncDisposable {
  readonly root: string;
  readonly db: Database;
  readonly events: EventMessage[] = [];
  readonly users = new Map<string, string[]>();
  manager: VolumeManager;
  readonly #bus = new EventBus();

  private constructor(root: string) {
    this.root = root;
    this.db = new Database(join(root, 'meta.db'));
    this.#bus.subscribe((event) => this.events.push(event));
    this.manager = this.open();
  }

  static async make(): Promise<Scene> {
    const root = await mkdtemp(join(tmpdir(), 'pouch-volumes-'));
    await mkdir(join(root, 'plugins'));
    return new Scene(root);
  }

  open(): VolumeManager {
    this.manager = new VolumeManager(
      {
        root: this.root,
        runRoot: join(this.root, 'run'),
        plugins: { sockets: [join(this.root, 'plugins')], specs: [] },
      },
      {
        records: new RecordTable<VolumeRecord>(this.db, 'volume'),
        events: this.#bus,
        log: silentLogger,
        volumeUsers: (name) => this.users.get(name) ?? [],
      },
    );
    return this.manager;
  }

  get actions(): string[] {
    return this.events.map(({ Action, Actor }) => `${Action} ${Actor?.ID}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.db[Symbol.dispose]();
    await unmountTree(this.root);
    await rm(this.root, { recursive: true });
  }
}

test('a volume whose container was never made goes at the next start; one that a container has, or nobody claimed, stays', async () => {
  await using scene = await Scene.make();
  const claim = { anonymous: true, claimed: true };
  const lost = await scene.manager.ensure(undefined, claim);
  const taken = await scene.manager.ensure(undefined, claim);
  const kept = await scene.manager.ensure(undefined, claim);
  const own = await scene.manager.create({});
  await scene.manager.keep(kept.Name);
  scene.users.set(taken.Name, ['container']);
  await scene.open().reconcile(new Set());
  const names = async (): Promise<string[]> =>
    ((await scene.manager.list({})).Volumes ?? []).map(({ Name }) => Name).toSorted();
  assert.deepEqual(await names(), [taken.Name, kept.Name, own.Name].toSorted());
  assert.ok(!(await names()).includes(lost.Name));
  // Its container has gone without its volumes since: it is nobody's claim any more.
  scene.users.clear();
  await scene.open().reconcile(new Set());
  assert.equal((await names()).length, 3);
});

test('create, inspect, list by filters, remove; events tell of each', async () => {
  await using scene = await Scene.make();
  const { manager } = scene;
  const made = await manager.create({ Name: 'data', Labels: { team: 'a' } });
  assert.deepEqual(
    [made.Name, made.Driver, made.Scope, made.Mountpoint, made.Labels, made.Options],
    ['data', 'local', 'local', join(scene.root, 'volumes/data/_data'), { team: 'a' }, null],
  );
  const unnamed = await manager.create({});
  assert.match(unnamed.Name, /^[0-9a-f]{64}$/);
  assert.deepEqual(unnamed.Labels, { 'com.docker.volume.anonymous': '' });
  scene.users.set('data', ['c1']);
  const names = async (filters: Record<string, string[]>): Promise<string[]> =>
    (await manager.list(filters)).Volumes.map(({ Name }) => Name);
  assert.deepEqual(await names({ dangling: ['true'] }), [unnamed.Name]);
  assert.deepEqual(await names({ dangling: ['0'] }), ['data']);
  assert.deepEqual(await names({ label: ['team=a'] }), ['data']);
  assert.deepEqual(await names({ name: ['dat'], driver: ['local'] }), ['data']);
  assert.deepEqual(await names({ driver: ['nfs'] }), []);
  await assert.rejects(manager.list({ nope: ['1'] }), /invalid filter 'nope'/);
  await assert.rejects(manager.remove('data', { force: true }), /remove data: volume is in use - \[c1\]/);
  scene.users.clear();
  await manager.remove('data', { force: false });
  await assert.rejects(manager.inspect('data'), /get data: no such volume/);
  await assert.rejects(manager.remove('data', { force: false }), (error) => isErrorCode(error, 'not-found'));
  await manager.remove('data', { force: true });
  assert.deepEqual(scene.actions, ['create data', `create ${unnamed.Name}`, 'destroy data']);
});

test('names and drivers are checked', async () => {
  await using scene = await Scene.make();
  for (const name of ['x', '../x', 'a/b', '.hidden', 'a b', 'a\0b', 'n'.repeat(300)]) {
    await assert.rejects(scene.manager.create({ Name: name }), (error) => isErrorCode(error, 'invalid-argument'), name);
  }
  await assert.rejects(scene.manager.create({ Name: 'ok', Driver: 'nope' }), /plugin "nope" not found/);
  await assert.rejects(scene.manager.create({ Name: 'ok', DriverOpts: { x: 'y' } }), /create ok: invalid option: "x"/);
  assert.deepEqual((await scene.manager.list({})).Volumes, []);
  await scene.manager.create({ Name: 'ok' });
  await assert.rejects(scene.manager.create({ Name: 'ok', Driver: 'tmpfs' }), (error) =>
    isErrorCode(error, 'conflict'),
  );
});

test('prune takes unused anonymous volumes, with all=true every unused one', async () => {
  await using scene = await Scene.make();
  const { manager } = scene;
  await manager.create({ Name: 'named' });
  await manager.create({ Name: 'kept', Labels: { keep: '1' } });
  await manager.create({ Name: 'used' });
  const { Name } = await manager.create({});
  await writeFile(join(scene.root, 'volumes', Name, '_data/file'), 'x'.repeat(5000));
  scene.users.set('used', ['c1']);
  const first = await manager.prune({});
  assert.deepEqual(first.VolumesDeleted, [Name]);
  assert.ok(first.SpaceReclaimed >= 5000);
  const second = await manager.prune({ all: ['true'], 'label!': ['keep'] });
  assert.deepEqual(second.VolumesDeleted, ['named']);
  await assert.rejects(manager.prune({ until: ['1h'] }), /invalid filter 'until'/);
});

test('mounts are counted per container and survive a restart; reconcile drops the dead', {
  skip: !isRoot,
}, async () => {
  await using scene = await Scene.make();
  await scene.manager.create({ Name: 'mem', Driver: 'tmpfs', DriverOpts: { size: '1m' } });
  const { path } = await scene.manager.mount('mem', 'c1');
  await scene.manager.mount('mem', 'c2');
  await scene.manager.mount('mem', 'c2');
  await writeFile(join(path, 'file'), 'x');
  await assert.rejects(scene.manager.remove('mem', { force: false }), /in use - \[c1, c2\]/);
  await scene.open().reconcile(new Set(['c2']));
  assert.equal(await readFile(join(path, 'file'), 'utf8'), 'x');
  await scene.manager.unmount('mem', 'c2');
  await assert.rejects(readFile(join(path, 'file')));
  assert.deepEqual(scene.actions.slice(1), ['mount mem', 'mount mem', 'unmount mem', 'unmount mem']);
  await scene.manager.remove('mem', { force: false });
});

test('reconcile drops records without a directory and takes up directories without a record', async () => {
  await using scene = await Scene.make();
  await scene.manager.create({ Name: 'lost' });
  await rm(join(scene.root, 'volumes/lost'), { recursive: true });
  await scene.manager.create({ Name: 'found' });
  new RecordTable(scene.db, 'volume').delete('found');
  await mkdir(join(scene.root, 'volumes/.scratch-dead/_data'), { recursive: true });
  await scene.open().reconcile(new Set());
  assert.deepEqual(
    (await scene.manager.list({})).Volumes.map(({ Name }) => Name),
    ['found'],
  );
  await assert.rejects(readFile(join(scene.root, 'volumes/.scratch-dead')), /ENOENT/);
});

test('content is copied up once, and a subpath goes with its volume', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  const image = join(scene.root, 'image');
  await mkdir(join(image, 'sub'), { recursive: true });
  await writeFile(join(image, 'sub/file'), 'x');
  await scene.manager.create({ Name: 'data' });
  const { path } = await scene.manager.mount('data', 'c1');
  assert.equal(await scene.manager.copyUp('data', path, image), true);
  const sub = await scene.manager.mountSubpath('data', 'c1', 'sub');
  assert.equal(await readFile(join(sub.path, 'file'), 'utf8'), 'x');
  await scene.manager.unmount('data', 'c1');
  await assert.rejects(readFile(join(sub.path, 'file')));
  await rm(join(path, 'sub'), { recursive: true });
  assert.equal(await scene.manager.copyUp('data', path, image), false);
});

test('plugins: volumes made through them, those they had already, and removal when the plugin is gone', async () => {
  await using scene = await Scene.make();
  {
    await using _ = await PluginServer.listen(join(scene.root, 'plugins/acme.sock'), join(scene.root, 'acme'));
    const made = await scene.manager.create({ Name: 'remote', Driver: 'acme' });
    assert.deepEqual([made.Driver, made.Scope, made.Status], ['acme', 'global', { users: 0 }]);
    assert.equal((await scene.manager.mount('remote', 'c1')).path, join(scene.root, 'acme/remote'));
    await scene.manager.unmount('remote', 'c1');
    new RecordTable(scene.db, 'volume').delete('remote');
    assert.deepEqual(
      (await scene.manager.list({})).Volumes.map(({ Name }) => Name),
      ['remote'],
    );
    assert.equal((await scene.manager.inspect('remote')).Driver, 'acme');
  }
  await rm(join(scene.root, 'plugins/acme.sock'), { force: true });
  await assert.rejects(scene.manager.remove('remote', { force: false }), /plugin "acme" not found/);
  await scene.manager.remove('remote', { force: true });
  await assert.rejects(scene.manager.inspect('remote'), (error) => isErrorCode(error, 'not-found'));
});
