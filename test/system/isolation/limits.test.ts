import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';
import { readHostFacts } from '@pouch/engine';
import { readCgroupHierarchy } from '@pouch/linux';
import { containerCgroups } from '../../harness/cgroup-parent.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, remove } from '../container/container.kit.ts';

const MEBIBYTE = 1024 * 1024;
const facts = await readHostFacts();
const hierarchy = await readCgroupHierarchy();
let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

/** A file of the container's control group: v1's of that controller, or v2's. */
async function control(name: string, controller: string, v1: string, v2: string): Promise<string> {
  const { mode, unified, controllers } = await containerCgroups(daemon.cgroupParent, await inspect(daemon, name));
  const [directory, file] = mode === 'v2' ? [unified, v2] : [controllers.get(controller), v1];
  return readFileSync(join(directory ?? '', file), 'utf8').trim();
}

const run = async (...args: string[]): Promise<{ code: number; stderr: string }> =>
  await daemon.pouch(['run', '-d', ...args, 'busybox', 'sleep', '600'], { allowFailure: true });

const online = facts.onlineCpus;
const noBurst = facts.limits.cpuBurst ? false : 'this kernel has no CPU burst';
const withoutDumbInit =
  (await exec('sh', ['-c', 'command -v dumb-init'], { allowFailure: true })).code === 0
    ? false
    : 'dumb-init is not installed on this host';
const noMarks = facts.limits.memoryMarks ? false : 'memory marks need cgroup v2';

for (const runtime of ['crun', 'runc']) {
  test(`CPU burst is set before ${runtime} starts the command, and changed while it runs`, {
    skip: noBurst,
  }, async () => {
    const name = `burst-${runtime}`;
    const { code, stderr } = await run('--name', name, '--runtime', runtime, '--cpus', '0.5', '--cpu-burst', '20000');
    assert.equal(code, 0, stderr);
    assert.equal(await control(name, 'cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'), '20000');
    await daemon.pouch(['update', '--cpu-burst', '30000', name]);
    assert.equal(await control(name, 'cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'), '30000');
    await daemon.pouch(['restart', '-t', '0', name]);
    assert.equal(await control(name, 'cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'), '30000');
    await remove(daemon, name);
  });
}

test('--cpuset-cpus auto gives as many CPUs as the quota, spread over the host, and nproc sees them', async () => {
  const names = ['auto-1', 'auto-2'];
  const sets: string[] = [];
  for (const name of names) {
    const { code, stderr } = await run('--name', name, '--cpus', '1', '--cpuset-cpus', 'auto');
    assert.equal(code, 0, stderr);
    assert.equal((await daemon.pouch(['exec', name, 'nproc'])).stdout.trim(), '1');
    sets.push(await control(name, 'cpuset', 'cpuset.cpus', 'cpuset.cpus'));
  }
  if (online !== '0') assert.notEqual(sets[0], sets[1]);
  await daemon.pouch(['update', '-m', '64m', '--memory-swap', '64m', 'auto-1']);
  assert.equal(await control('auto-1', 'cpuset', 'cpuset.cpus', 'cpuset.cpus'), sets[0]);
  await remove(daemon, ...names);
});

test('a machine with --cpus 1 has one CPU for nproc, over restarts and updates, unless it names its CPUs', {
  skip: online === '0' ? 'this host has one CPU' : withoutDumbInit,
}, async () => {
  const nproc = async (name: string): Promise<string> => (await daemon.pouch(['exec', name, 'nproc'])).stdout.trim();
  const cpuset = async (name: string): Promise<string> => await control(name, 'cpuset', 'cpuset.cpus', 'cpuset.cpus');
  const chosen = async (name: string): Promise<string | undefined> => (await inspect(daemon, name)).AssignedCpus;
  const start = async (name: string, ...flags: string[]): Promise<void> => {
    const { code, stderr } = await run('--name', name, '--cpus', '1', ...flags);
    assert.equal(code, 0, stderr);
  };
  await start('other', '--cpuset-cpus', '0');
  await start('machine', '--rich');
  await start('every', '--rich', '--cpuset-cpus', 'all');
  await start('plain');
  assert.equal(await nproc('machine'), '1');
  assert.equal(await chosen('machine'), '1', 'not the one that another container is bound to');
  for (const name of ['every', 'plain']) {
    assert.notEqual(await nproc(name), '1');
    assert.equal(await chosen(name), undefined);
  }
  await remove(daemon, 'other');
  await daemon.pouch(['restart', '-t', '0', 'machine']);
  assert.deepEqual([await chosen('machine'), await cpuset('machine')], ['1', '1'], 'the same as before');
  await daemon.pouch(['update', '--cpus', '2', 'machine']);
  assert.deepEqual([await nproc('machine'), await chosen('machine')], ['2', '0,1']);
  await daemon.pouch(['update', '--cpus', '1', 'machine']);
  assert.equal(await nproc('machine'), '1');
  await daemon.pouch(['update', '--cpuset-cpus', 'all', 'machine']);
  assert.notEqual(await nproc('machine'), '1');
  assert.equal(await chosen('machine'), undefined);
  await daemon.pouch(['update', '--cpuset-cpus', '0', '--cpus', '1.5', 'machine']);
  assert.deepEqual([await nproc('machine'), await cpuset('machine')], ['1', '0']);
  await remove(daemon, 'machine', 'every', 'plain');
});

test('a NUMA node is its CPUs and its memory', async () => {
  const { code, stderr } = await run('--name', 'node', '--numa-nodes', '0');
  assert.equal(code, 0, stderr);
  assert.equal(await control('node', 'cpuset', 'cpuset.cpus', 'cpuset.cpus'), facts.nodeCpus['0']);
  assert.equal(await control('node', 'cpuset', 'cpuset.mems', 'cpuset.mems'), '0');
  const { CpusetCpus, NumaNodes } = (await inspect(daemon, 'node')).HostConfig;
  assert.deepEqual([CpusetCpus, NumaNodes], [facts.nodeCpus['0'], '0']);
  await remove(daemon, 'node');
});

test('memory marks are in the control group, the ratio as well', { skip: noMarks }, async () => {
  const { code, stderr } = await run(
    '--name',
    'marks',
    '-m',
    '100m',
    '--memory-min',
    '8m',
    '--memory-low',
    '16m',
    '--memory-wmark-ratio',
    '80',
  );
  assert.equal(code, 0, stderr);
  for (const [file, mebibytes] of [
    ['memory.min', 8],
    ['memory.low', 16],
    ['memory.high', 80],
  ] as const) {
    assert.equal(Number(await control('marks', 'memory', file, file)), mebibytes * MEBIBYTE, file);
  }
  await remove(daemon, 'marks');
});

test('page cache is given back when the container ends, if that was asked for', async () => {
  const usage = (): number => {
    const isV2 = hierarchy.mode === 'v2';
    const root = (isV2 ? hierarchy.unified : hierarchy.controllers.get('memory')) ?? '';
    const file = isV2 ? 'memory.current' : 'memory.usage_in_bytes';
    return Number(readFileSync(join(root, daemon.cgroupParent, file), 'utf8'));
  };
  const script = 'dd if=/dev/zero of=/file bs=1M count=150 2>/dev/null; sync; cat /file >/dev/null';
  const left: number[] = [];
  for (const flag of ['0', '1']) {
    const before = usage();
    await daemon.pouch([
      'run',
      '--name',
      `cache-${flag}`,
      '--memory-force-empty-ctl',
      flag,
      'busybox',
      'sh',
      '-c',
      script,
    ]);
    await eventually(
      'its group is gone',
      async () => (await inspect(daemon, `cache-${flag}`)).State.Status === 'exited',
    );
    left.push(usage() - before);
    await remove(daemon, `cache-${flag}`);
  }
  const [kept = 0, given = 0] = left;
  assert.ok(kept > 60 * MEBIBYTE, `only ${kept} bytes stay of themselves`);
  assert.ok(given < 30 * MEBIBYTE, `${given} bytes stay, ${kept} without`);
});

test('what this host or this world has not is refused with the reason', async () => {
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['--memory-extra', '10'], /kernel of AliOS/],
    [['--sche-lat-switch', '1'], /cpu\.pressure/],
    [['--nvidia-visible-devs', 'all'], /no GPU support/],
    [['--specific-id', 'x'], /use --name/],
    [['--cpu-burst', '1000'], /at most the quota/],
    [['--cpuset-cpus', 'auto'], /needs a number of CPUs/],
    [['--numa-nodes', '99'], /NUMA node 99 does not exist/],
    [['--numa-nodes', 'x'], /invalid NUMA nodes/],
    [['--memory-wmark-ratio', '80'], /needs a memory limit/],
    [['--memory-wmark-ratio', '101', '-m', '64m'], /0 to 100/],
    [['--memory-force-empty-ctl', '7'], /0 or 1/],
    [['--intel-rdt-l3-cbm', 'everything'], /invalid L3 cache schema/],
    ...(facts.resctrl ? [] : [[['--intel-rdt-l3-cbm', 'L3:0=f'], /needs Intel RDT/] as const]),
    ...(noMarks ? [[['--memory-high', '64m'], /need cgroup v2; v1 has --memory-reservation/] as const] : []),
  ];
  for (const [args, message] of refused) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 125, args.join(' '));
    assert.match(stderr, message, args.join(' '));
  }
  assert.equal((await daemon.ok('GET', '/containers/json?all=1')).text.trim(), '[]');
});
