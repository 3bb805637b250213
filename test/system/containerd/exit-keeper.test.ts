import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { silentLogger, sleep } from '@pouch/base';
import { ExitKeeper } from '@pouch/containerd';
import {
  type BusyboxImage,
  createContainer,
  makeBusyboxImage,
  missingForContainers,
  removeContainer,
} from './busybox.kit.ts';
import { Containerd } from './supervised.kit.ts';

suite('what shims tell while no containerd runs', { skip: missingForContainers(), timeout: 120_000 }, () => {
  let containerd: Containerd;
  let image: BusyboxImage;
  let keeper: ExitKeeper;

  before(async () => {
    containerd = await Containerd.start();
    image = await makeBusyboxImage(containerd.client);
    keeper = newKeeper();
  });
  after(async () => {
    await containerd[Symbol.asyncDispose]();
  });

  function newKeeper(): ExitKeeper {
    const { state } = containerd.options;
    const directory = join(containerd.directory, 'exits');
    return new ExitKeeper({ state, namespace: 'test', directory }, { logger: silentLogger });
  }

  test('exits before the watch and during it are kept with code, time and process, also for the next keeper', async () => {
    const { client } = containerd;
    const pids: Record<string, number> = {};
    for (const [id, script] of Object.entries({
      before: 'sleep 0.2; exit 7',
      during: 'while [ ! -e /go ]; do sleep 0.1; done; exit 8',
      lives: 'sleep 1000',
    })) {
      await createContainer(client, image, { id, args: ['sh', '-c', script] });
      pids[id] = await client.tasks.start(id);
    }
    const process = await containerd.pidInFile();
    await containerd.supervisor[Symbol.asyncDispose]();
    globalThis.process.kill(process, 'SIGKILL');
    const since = BigInt(Date.now()) * 1_000_000n;
    await sleep(1000);
    const waits = await keeper.watch();
    assert.equal((await keeper.find('before', pids['before'] as number))?.exitStatus, 7);
    assert.equal(await keeper.find('during', pids['during'] as number), undefined);
    globalThis.process.kill(pids['during'] as number, 'SIGKILL');
    for (let attempt = 0; attempt < 100 && !(await keeper.find('during', pids['during'] as number)); attempt += 1)
      await sleep(50);
    waits[Symbol.dispose]();
    await sleep(200);
    for (const seen of [keeper, newKeeper()]) {
      assert.equal((await seen.find('before', pids['before'] as number))?.exitStatus, 7);
      const during = await seen.find('during', pids['during'] as number);
      assert.equal(during?.exitStatus, 137);
      assert.ok((during?.exitedAt ?? 0n) > since, String(during?.exitedAt));
      assert.equal(await seen.find('lives', pids['lives'] as number), undefined);
      assert.equal(await seen.find('before', 1), undefined, 'of another process');
    }
    await keeper.forget('before');
    assert.equal(await newKeeper().find('before', pids['before'] as number), undefined);
    containerd.supervisor = containerd.newSupervisor();
    await containerd.supervisor.start();
    assert.equal((await client.tasks.get('lives')).status, 'running');
    for (const id of Object.keys(pids)) await removeContainer(client, id);
  });

  test('a containerd that is started behind a watch takes up what runs', async () => {
    const { client } = containerd;
    await createContainer(client, image, { id: 'shot', args: ['sleep', '1000'] });
    await client.tasks.start('shot');
    await containerd.supervisor.stop();
    const started = performance.now();
    (await keeper.watch())[Symbol.dispose]();
    assert.ok(performance.now() - started < 4000);
    containerd.supervisor = containerd.newSupervisor();
    await containerd.supervisor.start();
    assert.equal((await client.tasks.get('shot')).status, 'running');
    await removeContainer(client, 'shot');
  });
});
