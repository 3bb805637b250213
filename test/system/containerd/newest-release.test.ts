import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { newestRelease } from '../../harness/containerd-release.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { findLeaks } from '../../fault/leaks.ts';
import { create, eventually, inspect, remove, start, untilStatus } from '../container/container.kit.ts';

const release = newestRelease();

suite('a daemon on the newest containerd, shim and runc', { skip: 'missing' in release && release.missing }, () => {
  let daemon: TestDaemon;

  before(async () => {
    if ('missing' in release) return;
    daemon = await TestDaemon.start(['--default-runtime', 'runc'], { release: release.directory });
  });
  after(async () => await daemon[Symbol.asyncDispose]());

  test('it is the one that is used', async () => {
    assert.ok('directory' in release);
    const { stdout } = await exec(join(release.directory, 'containerd'), ['--version']);
    const version = / v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    const { Components } = (await daemon.ok('GET', '/version')).json as {
      Components: { Name: string; Version: string }[];
    };
    assert.ok(version);
    assert.ok(
      Components.some(({ Name, Version }) => Name === 'containerd' && Version.includes(version)),
      JSON.stringify(Components),
    );
    assert.equal(((await daemon.ok('GET', '/info')).json as { DefaultRuntime: string }).DefaultRuntime, 'runc');
  });

  for (const runtime of ['runc', 'crun'])
    test(`run, output, exec, copy, pause and stop with ${runtime}`, async () => {
      assert.equal(await daemon.run(['--runtime', runtime, 'busybox', 'sh', '-c', 'echo out; echo err >&2']), 'out');
      const failed = await daemon.pouch(['run', '--rm', '--runtime', runtime, 'busybox', '/no'], {
        allowFailure: true,
      });
      assert.equal(failed.code, 127, failed.stderr);
      const id = await start(daemon, ['sh', '-c', 'trap "exit 9" TERM; sleep 1000 & wait'], {
        HostConfig: { Runtime: runtime, Memory: 64 << 20 },
      });
      assert.equal((await daemon.pouch(['exec', id, 'cat', '/proc/1/comm'])).stdout, 'sh\n');
      await daemon.pouch(['cp', `${id}:/etc/passwd`, join(daemon.directory, `passwd-${runtime}`)]);
      await daemon.pouch(['pause', id]);
      assert.equal((await inspect(daemon, id)).State.Status, 'paused');
      await daemon.pouch(['unpause', id]);
      await daemon.pouch(['stop', id]);
      assert.equal((await inspect(daemon, id)).State.ExitCode, 9);
      await remove(daemon, id);
    });

  test('exits while both daemons were down are known with code and time, and what lives goes on', async () => {
    const ends = await start(daemon, ['sh', '-c', 'echo last words; sleep 1; exit 7']);
    const crun = await start(daemon, ['sh', '-c', 'sleep 1; exit 8'], { HostConfig: { Runtime: 'crun' } });
    const lives = await start(daemon, ['sleep', '1000']);
    const { Pid: pid } = (await inspect(daemon, lives)).State;
    const containerd = daemon.containerdPid;
    await daemon.down('SIGKILL');
    process.kill(containerd, 'SIGKILL');
    await sleep(2500);
    await daemon.up();
    for (const [id, code] of [
      [ends, 7],
      [crun, 8],
    ] as const) {
      const { State } = await untilStatus(daemon, id, 'exited');
      assert.equal(State.ExitCode, code);
      const ran = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
      assert.ok(ran >= 900 && ran < 2400, `${ran} ms`);
    }
    assert.match((await daemon.pouch(['logs', ends])).stdout, /^last words$/m);
    assert.equal((await inspect(daemon, lives)).State.Pid, pid);
    await remove(daemon, ends, crun, lives);
  });

  test('an exit just when containerd is killed is known with its code', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 6; count += 1)
      ids.push(await create(daemon, ['sh', '-c', `sleep 1.${count * 15}; exit ${20 + count}`]));
    await Promise.all(ids.map(async (id) => await daemon.ok('POST', `/containers/${id}/start`)));
    await sleep(1000);
    process.kill(daemon.containerdPid, 'SIGKILL');
    for (const [count, id] of ids.entries())
      assert.equal((await untilStatus(daemon, id, 'exited')).State.ExitCode, 20 + count);
    await remove(daemon, ...ids);
  });

  test('images go out and in again, and nothing is left of anything', async () => {
    const archive = join(daemon.directory, 'saved.tar');
    await daemon.pouch(['save', '--output', archive, 'busybox']);
    await daemon.pouch(['rmi', 'busybox']);
    await daemon.pouch(['load', '--input', archive]);
    assert.equal(await daemon.run(['busybox', 'echo', 'loaded']), 'loaded');
    await eventually('nothing is left', async () => (await findLeaks(daemon)).length === 0);
  });
});
