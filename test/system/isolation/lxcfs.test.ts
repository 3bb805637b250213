import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@pouch/base';
import { LxcfsSupervisor, probeLxcfs, unmountTree } from '@pouch/linux';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { docker, eventually, inspect, remove, start } from '../container/container.kit.ts';

const MEGABYTE = 1024 * 1024;
const { missing } = await probeLxcfs('lxcfs');
const skip = missing ?? false;
let daemon: TestDaemon;

before(async () => {
  if (!skip) daemon = await TestDaemon.start();
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

const lxcfsPid = (): number => Number(readFileSync(join(daemon.directory, 'run/lxcfs/pid'), 'utf8'));

async function inside(name: string, script: string): Promise<string> {
  return (await daemon.pouch(['exec', name, 'sh', '-c', script])).stdout.trim();
}

const memory = async (name: string): Promise<string> => await inside(name, 'head -1 /proc/meminfo');

for (const runtime of ['crun', 'runc']) {
  test(`a container under ${runtime} sees its own memory, CPUs, swap and uptime`, { skip }, async () => {
    const script =
      'head -1 /proc/meminfo; grep -c ^processor /proc/cpuinfo; grep -c "^cpu[0-9]" /proc/stat; cat /sys/devices/system/cpu/online; ' +
      'cut -d. -f1 /proc/uptime; wc -l </proc/swaps; wc -w </proc/loadavg; wc -l </proc/diskstats; ls /proc/slabinfo';
    const printed = await daemon.run(['--runtime', runtime, '-m', '64m', '--cpus', '1', 'busybox', 'sh', '-c', script]);
    const [total, processors, counted, online, uptime, ...rest] = printed.split('\n');
    assert.equal(total?.replace(/\s+/g, ' '), `MemTotal: ${64 * 1024} kB`);
    assert.deepEqual([processors, counted, online], ['1', '1', '0']);
    assert.ok(Number(uptime) < 60, `up for ${uptime} s`);
    assert.equal(rest.length, 4);
  });
}

test('looking after it can be ended at any moment, also while it is being taken up', {
  skip,
  timeout: 60_000,
}, async () => {
  const options = {
    binary: 'lxcfs',
    directory: join(daemon.directory, 'own'),
    logFile: join(daemon.directory, 'own.log'),
  };
  for (const delay of [0, 1, 2, 4, 8, 16, 32, 64, 500, 1, 2, 4, 8, 16]) {
    const supervisor = new LxcfsSupervisor(options, { logger: silentLogger });
    supervisor.start();
    await sleep(delay);
    await supervisor[Symbol.asyncDispose]();
  }
  await new LxcfsSupervisor(options, { logger: silentLogger }).stop();
  await unmountTree(options.directory);
});

test('a container that refuses lxcfs sees the host; one that mounts its own file there keeps it', {
  skip,
}, async () => {
  const host = readFileSync('/proc/meminfo', 'utf8').split('\n')[0];
  assert.equal(await daemon.run(['--lxcfs=false', '-m', '64m', 'busybox', 'head', '-1', '/proc/meminfo']), host);
  const own = join(daemon.directory, 'busybox.tar');
  const size = await daemon.run([
    '--runtime',
    'runc',
    '-v',
    `${own}:/proc/meminfo:ro`,
    'busybox',
    'stat',
    '-c',
    '%s',
    '/proc/meminfo',
  ]);
  assert.equal(size, String(readFileSync(own).length));
});

test("inspect shows what was asked, also through Docker's client, and a privileged container has it too", {
  skip,
}, async () => {
  const config = { HostConfig: { EnableLxcfs: true, Privileged: true, Memory: 64 * MEGABYTE } };
  await start(daemon, ['sleep', '600'], config, 'asked');
  assert.equal((await inspect(daemon, 'asked')).HostConfig.EnableLxcfs, true);
  assert.match((await docker(daemon, ['exec', 'asked', 'head', '-1', '/proc/meminfo'])).stdout, / 65536 kB/);
  await remove(daemon, 'asked');
});

test('lxcfs killed: reads never fail for long, and every running container has its view again', { skip }, async (t) => {
  const names = Array.from({ length: 10 }, (_, index) => `kept-${index}`);
  const config = { HostConfig: { Memory: 64 * MEGABYTE } };
  await Promise.all(names.map(async (name) => await start(daemon, ['sleep', '600'], config, name)));
  const gaps: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const pid = lxcfsPid();
    const { State } = await inspect(daemon, 'kept-0');
    gaps.push(failedFor(`/proc/${State.Pid}/root/proc/meminfo`, () => process.kill(pid, 'SIGKILL')));
    await eventually('another lxcfs serves', async () => {
      const views = await Promise.all(names.map(memory));
      return lxcfsPid() !== pid && views.every((view) => / 65536 kB/.test(view));
    });
  }
  t.diagnostic(`reads failed for ${gaps.map((gap) => gap.toFixed(1)).join(', ')} ms`);
  assert.ok(Math.min(...gaps) < 200, `reads failed for ${gaps.join(', ')} ms`);
  const mounts = await inside('kept-0', 'grep -c " /proc/meminfo " /proc/self/mountinfo');
  assert.equal(mounts, '2', 'mounts do not pile up');
  await remove(daemon, ...names);
});

/** Milliseconds from the first read that fails to the last, within a second of `act`. Reads as fast as it can. */
function failedFor(path: string, act: () => void): number {
  let first: number | undefined;
  let last = 0;
  act();
  for (const end = performance.now() + 1000; performance.now() < end; ) {
    try {
      readFileSync(path);
    } catch {
      last = performance.now();
      first ??= last;
    }
  }
  return first === undefined ? 0 : last - first;
}

test('lxcfs lives through a kill of pouchd; when it dies meanwhile the host shows, until the next pouchd', {
  skip,
}, async () => {
  await start(daemon, ['sleep', '600'], { HostConfig: { Memory: 64 * MEGABYTE } }, 'orphan');
  const pid = lxcfsPid();
  await daemon.down('SIGKILL');
  await daemon.up();
  assert.match(await memory('orphan'), / 65536 kB/);
  assert.equal(lxcfsPid(), pid, 'it was taken up');
  const state = (await inspect(daemon, 'orphan')).State;
  await daemon.down('SIGKILL');
  process.kill(pid, 'SIGKILL');
  const host = readFileSync('/proc/meminfo', 'utf8').split('\n')[0];
  await eventually('the host shows', async () => {
    try {
      return readFileSync(`/proc/${state.Pid}/root/proc/meminfo`, 'utf8').startsWith(`${host}\n`);
    } catch {
      return false;
    }
  });
  await daemon.up();
  await eventually('the view is back', async () => / 65536 kB/.test(await memory('orphan')));
  await remove(daemon, 'orphan');
});

test('a container that starts while lxcfs is being restarted gets its view as soon as it is there', {
  skip,
}, async () => {
  for (let round = 0; round < 5; round += 1) {
    process.kill(lxcfsPid(), 'SIGKILL');
    const name = `during-${round}`;
    await start(daemon, ['sleep', '600'], { HostConfig: { Memory: 64 * MEGABYTE } }, name);
    await eventually('it sees its limit', async () => / 65536 kB/.test(await memory(name)));
    await remove(daemon, name);
  }
});

test('a daemon that is told not to use lxcfs starts none, and one without it refuses those who insist', {
  skip,
}, async () => {
  await using plain = await TestDaemon.start(['--lxcfs=false']);
  const host = readFileSync('/proc/meminfo', 'utf8').split('\n')[0];
  assert.equal(await plain.run(['-m', '64m', 'busybox', 'head', '-1', '/proc/meminfo']), host);
  assert.equal(readdirSync(join(plain.directory, 'run')).includes('lxcfs'), false);
  assert.match(await plain.run(['--lxcfs', '-m', '64m', 'busybox', 'head', '-1', '/proc/meminfo']), / 65536 kB/);
  await using lacking = await TestDaemon.start(['--lxcfs-binary', '/nowhere/lxcfs']);
  assert.equal(await lacking.run(['-m', '64m', 'busybox', 'head', '-1', '/proc/meminfo']), host);
  const { code, stderr } = await lacking.pouch(['run', '--rm', '--lxcfs', 'busybox', 'true'], { allowFailure: true });
  assert.equal(code, 125);
  assert.match(stderr, /\/nowhere\/lxcfs is not installed \(Debian's package lxcfs\)/);
  assert.match((await lacking.pouch(['info'])).stdout, /lxcfs: no: /);
});
