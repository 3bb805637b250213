import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { sleep } from '@pouch/base';
import { TestDaemon } from '../harness/test-daemon.ts';
import { create, eventually, inspect, remove, start, untilStatus } from '../system/container/container.kit.ts';
import { findLeaks } from './leaks.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
});

after(async () => await daemon[Symbol.asyncDispose]());

test('a run whose task containerd cannot delete is taken away by force, and its container starts again', async () => {
  const id = await start(daemon, ['sleep', '1000']);
  const { Pid: pid } = (await inspect(daemon, id)).State;
  // As a containerd leaves it that died between the runtime's deletion and its answer: the shim refuses from then on.
  rmSync(join(daemon.directory, 'run/runtime/pouch', id), { recursive: true });
  process.kill(pid, 'SIGKILL');
  assert.equal((await untilStatus(daemon, id, 'exited')).State.ExitCode, 137);
  await eventually('its shim is gone', async () => !processes().some((line) => line.includes(`-id ${id}`)));
  await daemon.ok('POST', `/containers/${id}/start`);
  assert.equal((await inspect(daemon, id)).State.Status, 'running');
  await remove(daemon, id);
  await noLeaks();
});

test('a shim that neither containerd nor a record knows of is ended, with its container', async () => {
  const id = await start(daemon, ['sleep', '1000']);
  const { Pid: pid } = (await inspect(daemon, id)).State;
  const containerd = daemon.containerdPid;
  await daemon.down('SIGKILL');
  process.kill(containerd, 'SIGKILL');
  forget(id);
  rmSync(join(daemon.directory, 'run/containerd/io.containerd.runtime.v2.task/pouch', id, 'address'), { force: true });
  await daemon.up();
  assert.deepEqual(
    processes().filter((line) => line.includes(`-id ${id}`)),
    [],
  );
  assert.equal(isAlive(pid), false);
  await noLeaks();
});

test('what policies start again while a daemon takes up its forerunner’s containers is no leftover', async () => {
  const policy = { HostConfig: { RestartPolicy: { Name: 'always' as const }, NetworkMode: 'none' } };
  const ids: string[] = [];
  for (let count = 0; count < 24; count += 1) ids.push(await create(daemon, ['sleep', '2'], policy));
  await Promise.all(ids.map(async (id) => await daemon.ok('POST', `/containers/${id}/start`)));
  await daemon.down('SIGKILL');
  // All end with nobody there. The next daemon settles one after the other, and the first are due again before the last.
  await sleep(2500);
  const since = daemon.log(1_000_000).length;
  await daemon.up();
  for (const id of ids) await untilStatus(daemon, id, 'running');
  assert.doesNotMatch(daemon.log(1_000_000).slice(since), /a restart failed/);
  await remove(daemon, ...ids);
  await noLeaks();
});

/** Network namespaces are taken down behind a removal's answer. */
async function noLeaks(): Promise<void> {
  let leaks: string[] = [];
  for (let attempt = 0; attempt < 40; attempt += 1) {
    leaks = await findLeaks(daemon);
    if (leaks.length === 0) return;
    await sleep(250);
  }
  assert.deepEqual(leaks, []);
}

/** As if it had never been written down. */
function forget(id: string): void {
  const db = new DatabaseSync(join(daemon.directory, 'root/pouch.db'));
  db.prepare("DELETE FROM records WHERE kind = 'container' AND id = ?").run(id);
  db.close();
  rmSync(join(daemon.directory, 'root/containers', id), { recursive: true });
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
