import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exec, PouchError, silentLogger, sleep } from '@pouch/base';
import { ContainerdSupervisor } from '@pouch/containerd';
import {
  type BusyboxImage,
  createContainer,
  makeBusyboxImage,
  missingForContainers,
  removeContainer,
} from './busybox.kit.ts';
import { Containerd } from './supervised.kit.ts';

suite('a supervised containerd', { skip: missingForContainers(), timeout: 120_000 }, () => {
  let containerd: Containerd;
  let image: BusyboxImage;

  before(async () => {
    containerd = await Containerd.start();
    image = await makeBusyboxImage(containerd.client);
  });
  after(async () => {
    await containerd[Symbol.asyncDispose]();
  });

  test('ext4 is told to spread snapshots over the disk', async (context) => {
    const { directory } = containerd;
    const { stdout: type } = await exec('stat', ['-f', '-c', '%T', directory]);
    if (type.trim() !== 'ext2/ext3') return context.skip(`the file system of ${directory} is ${type.trim()}`);
    const snapshots = join(directory, 'root/io.containerd.snapshotter.v1.overlayfs/snapshots');
    assert.match((await exec('lsattr', ['-d', snapshots])).stdout, /^[^ ]*T/);
  });

  test('killed, it comes back, the container has run on, and an exit meanwhile is known with code and time', async () => {
    const { client } = containerd;
    await createContainer(client, image, { id: 'lives', args: ['sleep', '1000'] });
    await createContainer(client, image, { id: 'ends', args: ['sh', '-c', 'sleep 0.3; exit 7'] });
    const pid = await client.tasks.start('lives');
    const ending = await client.tasks.start('ends');
    const old = await containerd.pidInFile();
    const ready = containerd.nextState('ready');
    const down = containerd.nextState('down');
    process.kill(old, 'SIGKILL');
    await down;
    const { pid: now, adopted } = await ready;
    assert.equal(adopted, false);
    assert.notEqual(now, old);
    assert.equal(now, await containerd.pidInFile());
    const lives = await client.tasks.get('lives');
    assert.equal(lives.status, 'running');
    assert.equal(lives.pid, pid);
    // A containerd since 1.7 may have deleted the task with its shim; what was kept is as good.
    const exit =
      (await containerd.exits.find('ends', ending)) ?? (await client.tasks.wait('ends', '', { deadlineMs: 10_000 }));
    assert.equal(exit.exitStatus, 7);
    assert.ok(exit.exitedAt !== undefined && exit.exitedAt > 0n);
    await removeContainer(client, 'lives');
    await removeContainer(client, 'ends');
  });

  test('a watch of events says when it was interrupted, and goes on', async () => {
    const { client } = containerd;
    const stop = new AbortController();
    const seen: string[] = [];
    const { promise: back, resolve } = Promise.withResolvers<void>();
    const watching = (async () => {
      for await (const item of client.events.watch({ signal: stop.signal })) {
        seen.push(item.type === 'event' ? item.event.topic : item.type);
        if (item.type === 'subscribed' && seen.length === 1) process.kill(await containerd.pidInFile(), 'SIGKILL');
        else if (item.type === 'subscribed') resolve();
      }
    })();
    await back;
    await client.leases.use(async (lease) => {
      await client.snapshots.prepare('watched', '', {}, { lease });
      await client.snapshots.remove('watched');
    });
    while (!seen.includes('/snapshot/remove')) await sleep(10);
    stop.abort();
    await watching;
    assert.deepEqual(
      seen.filter((word) => !word.startsWith('/')),
      ['subscribed', 'interrupted', 'subscribed'],
    );
    assert.ok(seen.includes('/snapshot/prepare'));
  });

  test('a second supervisor takes up the one that runs, whether or not the pid file is there', async () => {
    for (const pidFile of [containerd.options.pidFile, join(containerd.directory, 'lost.pid')]) {
      const pid = await containerd.pidInFile();
      await containerd.supervisor[Symbol.asyncDispose]();
      assert.ok(process.kill(pid, 0), 'disposing left it running');
      containerd.supervisor = containerd.newSupervisor({ pidFile });
      await containerd.supervisor.start();
      assert.deepEqual(containerd.supervisor.state, {
        state: 'ready',
        pid,
        adopted: true,
        version: await containerd.client.waitForReady(1000),
      });
    }
  });

  test('an adopted one that is killed comes back too', async () => {
    const ready = containerd.nextState('ready');
    const old = containerd.supervisor.pid as number;
    const began = performance.now();
    process.kill(old, 'SIGKILL');
    assert.notEqual((await ready).pid, old);
    assert.ok(performance.now() - began < 5000);
  });

  test('one that hangs is killed and started anew', async () => {
    await containerd.supervisor[Symbol.asyncDispose]();
    containerd.supervisor = containerd.newSupervisor({ hangTimeoutMs: 500, checkIntervalMs: 100 });
    await containerd.supervisor.start();
    const ready = containerd.nextState('ready');
    const old = containerd.supervisor.pid as number;
    process.kill(old, 'SIGSTOP');
    assert.notEqual((await ready).pid, old);
    assert.throws(() => process.kill(old, 0));
  });
});

suite('starting a supervised containerd', { skip: missingForContainers(), timeout: 60_000 }, () => {
  let containerd: Containerd;
  let stranger: ChildProcess;

  before(async () => {
    containerd = await Containerd.start();
    await containerd.supervisor.stop();
    stranger = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
  });
  after(async () => {
    stranger.kill('SIGKILL');
    await containerd[Symbol.asyncDispose]();
  });

  test('a pid file that names a stranger does the stranger no harm', async () => {
    await writeFile(containerd.options.pidFile, `${stranger.pid}\n`);
    containerd.supervisor = containerd.newSupervisor();
    await containerd.supervisor.start();
    assert.notEqual(containerd.supervisor.pid, stranger.pid);
    assert.equal(stranger.exitCode, null);
    assert.equal(stranger.signalCode, null);
    await containerd.client.waitForReady(1000);
    await containerd.supervisor.stop();
    assert.equal(containerd.supervisor.state.state, 'down');
    containerd.supervisor = containerd.newSupervisor();
    await containerd.supervisor.start();
  });

  test('a missing or broken binary is told of at once', async () => {
    const directory = join(containerd.directory, 'other');
    await mkdir(directory);
    const broken = join(directory, 'containerd');
    await writeFile(broken, '#!/bin/sh\nexit 3\n');
    await chmod(broken, 0o755);
    for (const [binary, code, words] of [
      [join(directory, 'absent'), 'unsupported', /is not installed/],
      [broken, 'unavailable', /exit code 3.*containerd\.log|ended at once/],
    ] as const) {
      const at = (name: string): string => join(directory, name);
      await using supervisor = new ContainerdSupervisor(
        {
          binary,
          root: at('root'),
          state: at('state'),
          address: at('c.sock'),
          configPath: at('c.toml'),
          pidFile: at('c.pid'),
          logFile: at('containerd.log'),
        },
        { logger: silentLogger },
      );
      await assert.rejects(
        supervisor.start(),
        (error) => error instanceof PouchError && error.code === code && words.test(error.message),
      );
    }
  });
});
