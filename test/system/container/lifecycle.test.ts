import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { create, eventually, exitCode, inspect, logsOf, remove, start, untilStatus } from './container.kit.ts';

/** Says so when it is ready, and what signal it got. */
const TRAPS = (signals: string): string[] => [
  'sh',
  '-c',
  `for s in ${signals}; do trap "echo got $s; exit 5" $s; done; echo ready; while :; do sleep 0.05; done`,
];

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

async function ready(name: string): Promise<void> {
  await eventually(`${name} is ready`, async () => (await logsOf(daemon, name)).includes('ready'));
}

test('create, start, stop and remove walk through the states', async () => {
  const { stdout } = await daemon.pouch(['create', '--name', 'walk', 'busybox', ...TRAPS('TERM')]);
  const id = stdout.trim();
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal((await inspect(daemon, 'walk')).State.Status, 'created');
  assert.equal((await daemon.pouch(['start', 'walk'])).stdout, 'walk\n');
  const running = await inspect(daemon, id.slice(0, 12));
  assert.equal(running.State.Status, 'running');
  assert.ok(running.State.Pid > 0 && existsSync(`/proc/${running.State.Pid}`));
  assert.equal((await daemon.api('POST', '/containers/walk/start')).status, 304);
  await ready('walk');
  const refused = await daemon.pouch(['rm', 'walk'], { allowFailure: true });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /running/);
  assert.equal((await daemon.pouch(['stop', 'walk'])).stdout, 'walk\n');
  const ended = await inspect(daemon, 'walk');
  assert.deepEqual([ended.State.Status, ended.State.ExitCode, ended.State.Pid], ['exited', 5, 0]);
  assert.equal(await logsOf(daemon, 'walk'), 'ready\ngot TERM\n');
  assert.equal((await daemon.api('POST', '/containers/walk/stop')).status, 304);
  assert.equal((await daemon.pouch(['rm', 'walk'])).stdout, 'walk\n');
  assert.equal((await daemon.api('GET', '/containers/walk/json')).status, 404);
});

test('stop: the timeout ends in SIGKILL, and stop-signal and stop-timeout are heeded', async () => {
  const deaf = await start(daemon, ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done']);
  await ready(deaf);
  const began = Date.now();
  await daemon.pouch(['stop', '-t', '1', deaf]);
  const took = Date.now() - began;
  assert.ok(took >= 1000 && took < 5000, `${took} ms`);
  assert.equal((await inspect(daemon, deaf)).State.ExitCode, 137);
  const asked = (
    await daemon.pouch(['run', '-d', '--stop-signal', 'USR1', '--stop-timeout', '30', 'busybox', ...TRAPS('USR1 TERM')])
  ).stdout.trim();
  await ready(asked);
  await daemon.pouch(['stop', asked]);
  assert.match(await logsOf(daemon, asked), /got USR1/);
  await daemon.pouch(['start', asked]);
  await eventually('the second run is ready', async () => (await logsOf(daemon, asked)).match(/ready/g)?.length === 2);
  await daemon.pouch(['stop', '--signal', 'TERM', asked]);
  assert.match(await logsOf(daemon, asked), /got TERM/);
  await remove(daemon, deaf, asked);
});

test('kill sends the signal asked for, and refuses unknown ones and containers that do not run', async () => {
  const id = await start(daemon, TRAPS('HUP'));
  await ready(id);
  const bad = await daemon.pouch(['kill', '-s', 'NOSUCH', id], { allowFailure: true });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /[Ii]nvalid signal/);
  await daemon.pouch(['kill', '-s', 'HUP', id]);
  assert.equal(await exitCode(daemon, id), 5);
  assert.match(await logsOf(daemon, id), /got HUP/);
  assert.equal((await daemon.api('POST', `/containers/${id}/kill`)).status, 409);
  await daemon.pouch(['start', id]);
  await daemon.pouch(['kill', id]);
  await untilStatus(daemon, id, 'exited');
  assert.equal((await inspect(daemon, id)).State.ExitCode, 137);
  await remove(daemon, id);
});

test('restart gives another process, from running and from exited', async () => {
  const id = await start(daemon, ['sleep', '1000']);
  const first = (await inspect(daemon, id)).State;
  await daemon.pouch(['restart', '-t', '0', id]);
  const second = (await inspect(daemon, id)).State;
  assert.equal(second.Status, 'running');
  assert.notEqual(second.Pid, first.Pid);
  assert.notEqual(second.StartedAt, first.StartedAt);
  await daemon.pouch(['stop', '-t', '0', id]);
  await daemon.pouch(['restart', id]);
  assert.equal((await inspect(daemon, id)).State.Status, 'running');
  await remove(daemon, id);
});

test('pause freezes, and unpause lets go on', async () => {
  const id = await start(daemon, ['sh', '-c', 'while :; do echo tick; sleep 0.02; done']);
  await eventually('it ticks', async () => (await logsOf(daemon, id)).length > 0);
  await daemon.pouch(['pause', id]);
  const paused = await inspect(daemon, id);
  assert.deepEqual([paused.State.Status, paused.State.Paused, paused.State.Running], ['paused', true, true]);
  const frozen = await logsOf(daemon, id);
  const { stdout } = await daemon.pouch(['ps', '--filter', 'status=paused', '--format', '{{.Status}}']);
  assert.match(stdout, /\(Paused\)/);
  assert.equal(await logsOf(daemon, id), frozen);
  assert.equal((await daemon.api('POST', `/containers/${id}/pause`)).status, 409);
  assert.equal((await daemon.api('POST', `/containers/${id}/exec`, { Cmd: ['true'] })).status, 409);
  await daemon.pouch(['unpause', id]);
  assert.equal((await inspect(daemon, id)).State.Paused, false);
  await eventually('it ticks again', async () => (await logsOf(daemon, id)).length > frozen.length);
  assert.equal((await daemon.api('POST', `/containers/${id}/unpause`)).status, 409);
  await daemon.pouch(['pause', id]);
  await daemon.pouch(['stop', '-t', '1', id]);
  assert.equal((await inspect(daemon, id)).State.Status, 'exited');
  await remove(daemon, id);
});

test('wait: not-running, next-exit and removed', async () => {
  const id = await create(daemon, ['sh', '-c', 'exit 3']);
  assert.equal(await exitCode(daemon, id), 0);
  const next = daemon.ok('POST', `/containers/${id}/wait?condition=next-exit`);
  const removed = daemon.ok('POST', `/containers/${id}/wait?condition=removed`);
  let gone = false;
  void removed.then(() => {
    gone = true;
  });
  await daemon.ok('POST', `/containers/${id}/start`);
  assert.deepEqual((await next).json, { StatusCode: 3 });
  assert.equal((await daemon.pouch(['wait', id])).stdout, '3\n');
  assert.equal(gone, false);
  await daemon.pouch(['rm', id]);
  assert.deepEqual((await removed).json, { StatusCode: 3 });
  assert.equal((await daemon.api('POST', `/containers/${id}/wait?condition=soon`)).status, 400);
});

test('rm: -f of a running one, -v with its anonymous volumes, and what is not there', async () => {
  const id = await start(daemon, ['sleep', '1000'], { Volumes: { '/data': {} } });
  const volume = (await inspect(daemon, id)).Mounts[0]?.Name ?? '';
  assert.match(volume, /^[0-9a-f]{64}$/);
  await daemon.pouch(['rm', '-f', id]);
  assert.equal((await daemon.api('GET', `/volumes/${volume}`)).status, 200);
  await daemon.pouch(['volume', 'rm', volume]);
  const other = await start(daemon, ['sleep', '1000'], { Volumes: { '/data': {} } });
  const gone = (await inspect(daemon, other)).Mounts[0]?.Name ?? '';
  await daemon.pouch(['rm', '-fv', other]);
  assert.equal((await daemon.api('GET', `/volumes/${gone}`)).status, 404);
  const missing = await daemon.pouch(['rm', 'nosuch'], { allowFailure: true });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /No such container: nosuch/);
  assert.equal((await daemon.pouch(['rm', '-f', 'nosuch'], { allowFailure: true })).code, 0);
});

test('rename: the new name works, the old one is free, a taken one is refused', async () => {
  await create(daemon, ['true'], {}, 'before');
  await create(daemon, ['true'], {}, 'taken');
  await daemon.pouch(['rename', 'before', 'behind']);
  assert.equal((await inspect(daemon, 'behind')).Name, '/behind');
  assert.equal((await daemon.api('GET', '/containers/before/json')).status, 404);
  const conflict = await daemon.pouch(['rename', 'behind', 'taken'], { allowFailure: true });
  assert.match(conflict.stderr, /already in use/);
  const again = await daemon.pouch(['create', '--name', 'taken', 'busybox'], { allowFailure: true });
  assert.match(again.stderr, /The container name "\/taken" is already in use/);
  await create(daemon, ['true'], {}, 'before');
  await remove(daemon, 'before', 'behind', 'taken');
});

test('update changes limits of a running container and its restart policy', async () => {
  const id = await start(daemon, ['sleep', '1000'], { HostConfig: { Memory: 64 * 1024 * 1024 } });
  await daemon.pouch([
    'update',
    '--memory',
    '96m',
    '--memory-swap',
    '96m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '77',
    '--restart',
    'on-failure:2',
    id,
  ]);
  const { HostConfig: host, State: state } = await inspect(daemon, id);
  assert.equal(host.Memory, 96 * 1024 * 1024);
  assert.equal(host.NanoCpus, 500_000_000);
  assert.deepEqual(host.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 });
  const cgroups = readFileSync(`/proc/${state.Pid}/cgroup`, 'utf8');
  const path = (controller: string): string =>
    cgroups
      .split('\n')
      .find((line) => line.split(':')[1]?.split(',').includes(controller))
      ?.split(':')[2] ?? '';
  const read = (controller: string, file: string): string => {
    const v1 = join('/sys/fs/cgroup', controller, path(controller), file);
    return readFileSync(v1, 'utf8').trim();
  };
  if (existsSync('/sys/fs/cgroup/memory')) {
    assert.equal(read('memory', 'memory.limit_in_bytes'), String(96 * 1024 * 1024));
    assert.equal(read('pids', 'pids.max'), '77');
    assert.equal(read('cpu', 'cpu.cfs_quota_us'), '50000');
  }
  const refused = await daemon.pouch(['update', '--memory', '1m', id], { allowFailure: true });
  assert.match(refused.stderr, /[Mm]inimum memory limit/);
  await remove(daemon, id);
});

test('a restart policy counts, waits longer each time, and gives up', async () => {
  const { stdout } = await daemon.pouch([
    'run',
    '-d',
    '--restart',
    'on-failure:3',
    // It looks at the host's clock.
    '--lxcfs=false',
    'busybox',
    'sh',
    '-c',
    'cut -d. -f1,2 /proc/uptime | cut -d" " -f1; exit 9',
  ]);
  const id = stdout.trim();
  await eventually('it was given up', async () => {
    const { State: state, RestartCount: count } = await inspect(daemon, id);
    return state.Status === 'exited' && count === 3;
  });
  assert.equal((await inspect(daemon, id)).State.ExitCode, 9);
  const times = (await logsOf(daemon, id)).trim().split('\n').map(Number);
  assert.equal(times.length, 4);
  const [first, second, third] = [1, 2, 3].map((index) => (times[index] as number) - (times[index - 1] as number));
  assert.ok((first as number) >= 0.1 && (second as number) >= 0.2 && (third as number) >= 0.4, String(times));
  await daemon.pouch(['start', id]);
  await eventually('its counting began anew', async () => {
    const { State: state, RestartCount: count } = await inspect(daemon, id);
    return state.Status === 'exited' && count === 3;
  });
  await remove(daemon, id);
});

test('a stop ends a container for good, also in the moment when its policy starts it', async () => {
  const { stdout } = await daemon.pouch(['run', '-d', '--restart', 'always', 'busybox', 'sh', '-c', 'exit 1']);
  const id = stdout.trim();
  for (let round = 0; round < 10; round += 1) {
    await sleep(90 + round * 12);
    const { status, text } = await daemon.api('POST', `/containers/${id}/stop`);
    assert.ok(status === 204 || status === 304, text);
    await sleep(300);
    assert.equal((await inspect(daemon, id)).State.Status, 'exited', `round ${round}, after ${status}`);
    await daemon.ok('POST', `/containers/${id}/start`);
  }
  await remove(daemon, id);
});

test('always: started again after its end and after a crash, not after a stop', async () => {
  const id = await start(daemon, ['sleep', '1000'], { HostConfig: { RestartPolicy: { Name: 'always' } } });
  const { Pid: pid } = (await inspect(daemon, id)).State;
  process.kill(pid, 'SIGKILL');
  await eventually('it runs again', async () => {
    const { State: state } = await inspect(daemon, id);
    return state.Status === 'running' && state.Pid !== pid;
  });
  assert.equal((await inspect(daemon, id)).RestartCount, 1);
  await daemon.pouch(['stop', '-t', '0', id]);
  assert.equal((await inspect(daemon, id)).State.Status, 'exited');
  await daemon.pouch(['kill', id], { allowFailure: true });
  assert.equal((await inspect(daemon, id)).State.Status, 'exited');
  const refused = await daemon.pouch(['run', '--rm', '--restart', 'always', 'busybox', 'true'], { allowFailure: true });
  assert.equal(refused.code, 125);
  await remove(daemon, id);
});

test('a container stopped while it waits for its restart stays down', async () => {
  const id = await start(daemon, ['false'], { HostConfig: { RestartPolicy: { Name: 'always' } } });
  await eventually('a longer pause', async () => {
    const found = await inspect(daemon, id);
    return found.State.Status === 'restarting' && found.RestartCount >= 5;
  });
  assert.match((await daemon.pouch(['ps', '--format', '{{.Status}}'])).stdout, /^Restarting \(1\)/m);
  await daemon.pouch(['stop', id]);
  const { RestartCount: count } = await inspect(daemon, id);
  assert.equal((await inspect(daemon, id)).State.Status, 'exited');
  assert.equal((await inspect(daemon, id)).RestartCount, count);
  await remove(daemon, id);
});

test('auto-remove takes container and anonymous volumes away, and an id file names it', async () => {
  const file = join(daemon.directory, 'cid');
  const { stdout } = await daemon.pouch([
    'run',
    '-d',
    '--rm',
    '-v',
    '/data',
    '--cidfile',
    file,
    'busybox',
    'sleep',
    '1000',
  ]);
  const id = stdout.trim();
  assert.equal(readFileSync(file, 'utf8'), id);
  const volume = (await inspect(daemon, id)).Mounts[0]?.Name ?? '';
  const taken = await daemon.pouch(['run', '--cidfile', file, 'busybox', 'true'], { allowFailure: true });
  assert.equal(taken.code, 125);
  await daemon.pouch(['stop', '-t', '0', id]);
  await eventually('it is gone', async () => (await daemon.api('GET', `/containers/${id}/json`)).status === 404);
  await eventually('its volume is gone', async () => (await daemon.api('GET', `/volumes/${volume}`)).status === 404);
});

test('what run --rm has left behind is not shown when it returns, and its image can be removed', async () => {
  for (let round = 0; round < 5; round += 1) {
    await daemon.ok('POST', `/images/busybox/tag?repo=once&tag=${round}`);
    const { stdout } = await daemon.pouch(['run', '--rm', `once:${round}`, 'cat', '/etc/hostname']);
    const listed = (await daemon.ok('GET', '/containers/json?all=1')).json as { Id: string }[];
    assert.deepEqual(
      listed.filter(({ Id }) => Id.startsWith(stdout.trim())),
      [],
    );
    assert.equal((await daemon.api('GET', `/containers/${stdout.trim()}/json`)).status, 404);
    await daemon.ok('DELETE', `/images/once:${round}`);
  }
});

test('names that are made up are never taken twice, however many are made at once', async () => {
  const lanes = Array.from({ length: 16 }, async () => {
    for (let round = 0; round < 12; round += 1) {
      const { Id } = (await daemon.ok('POST', '/containers/create', { Image: 'busybox' })).json as { Id: string };
      await daemon.ok('DELETE', `/containers/${Id}`);
    }
  });
  await Promise.all(lanes);
});

test('disk use is told while containers come and go', async () => {
  let done = false;
  const coming = Promise.all(
    ['a', 'b'].map(async (lane) => {
      for (let round = 0; round < 25; round += 1) {
        await daemon.ok('POST', `/containers/create?name=${lane}${round}`, { Image: 'busybox' });
        await daemon.ok('DELETE', `/containers/${lane}${round}`);
      }
    }),
  ).finally(() => (done = true));
  while (!done) {
    for (const path of ['/system/df', '/containers/json?all=1&size=1']) {
      const { status, text } = await daemon.api('GET', path);
      assert.equal(status, 200, text);
    }
  }
  await coming;
});

test('an out-of-memory kill is told', async () => {
  const memory = 16 * 1024 * 1024;
  const id = await start(daemon, ['sh', '-c', 'exec tail /dev/zero'], {
    HostConfig: { Memory: memory, MemorySwap: memory },
  });
  assert.equal(await exitCode(daemon, id), 137);
  await eventually('OOMKilled', async () => (await inspect(daemon, id)).State.OOMKilled);
  await daemon.pouch(['start', id]);
  await remove(daemon, id);
});

test('health: healthy, unhealthy, and failures in the start period do not count', async () => {
  const flags = ['--health-interval', '100ms', '--health-retries', '2', '--health-timeout', '5s'];
  const run = async (more: readonly string[]): Promise<string> =>
    (await daemon.pouch(['run', '-d', ...flags, ...more, 'busybox', 'sleep', '1000'])).stdout.trim();
  const good = await run(['--health-cmd', 'echo fine; test -e /etc/passwd']);
  const bad = await run(['--health-cmd', 'echo broken; exit 1']);
  const slow = await run(['--health-cmd', 'exit 1', '--health-start-period', '1h', '--health-start-interval', '50ms']);
  const hung = await run(['--health-cmd', 'sleep 1000', '--health-timeout', '200ms']);
  const health = async (id: string): Promise<string> => (await inspect(daemon, id)).State.Health?.Status ?? '';
  await eventually('healthy', async () => (await health(good)) === 'healthy');
  await eventually('unhealthy', async () => (await health(bad)) === 'unhealthy');
  await eventually('unhealthy by timeout', async () => (await health(hung)) === 'unhealthy');
  await eventually('several checks', async () => {
    const found = await inspect(daemon, slow);
    return (found.State.Health?.Log?.length ?? 0) >= 3 && found;
  });
  assert.equal(await health(slow), 'starting');
  const state = (await inspect(daemon, bad)).State.Health;
  assert.ok((state?.FailingStreak ?? 0) >= 2);
  assert.match(state?.Log?.[0]?.Output ?? '', /broken/);
  assert.match(
    (await daemon.pouch(['ps', '--filter', 'health=unhealthy', '--format', '{{.Status}}'])).stdout,
    /\(unhealthy\)/,
  );
  assert.match((await daemon.pouch(['ps', '-f', `id=${good}`, '--format', '{{.Status}}'])).stdout, /\(healthy\)/);
  await daemon.ok('POST', `/containers/${good}/kill`);
  await exitCode(daemon, good);
  assert.equal(await health(good), 'unhealthy', 'what does not run is not healthy');
  await remove(daemon, good, bad, slow, hung);
});

test('prune removes what has stopped, by label too', async () => {
  const keep = await start(daemon, ['sleep', '1000']);
  await create(daemon, ['true'], { Labels: { team: 'a' } }, 'prune-a');
  await create(daemon, ['true'], { Labels: { team: 'b' } }, 'prune-b');
  const { stdout } = await daemon.pouch(['container', 'prune', '-f', '--filter', 'label=team=a']);
  assert.match(stdout, /Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
  assert.equal((await daemon.api('GET', '/containers/prune-a/json')).status, 404);
  await daemon.pouch(['container', 'prune', '-f']);
  assert.equal((await daemon.api('GET', '/containers/prune-b/json')).status, 404);
  assert.equal((await inspect(daemon, keep)).State.Status, 'running');
  await remove(daemon, keep);
});

test('what ends before its output is read has lost none of it', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { stdout } = await daemon.pouch(['run', '--rm', 'busybox', 'seq', '1', '20000']);
    assert.equal(stdout.split('\n').at(-2), '20000');
    assert.equal(stdout.length, 108_894);
  }
});
