/** What is different on a host with control groups of version 2 alone, in one daemon and few containers: the guest is slow. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ContainerStats, SystemInfo } from '@pouch/api';
import { probeLxcfs, readCgroupHierarchy, readMounts } from '@pouch/linux';
import { CGROUP_DRIVER, containerCgroups } from '../../harness/cgroup-parent.ts';
import { importMachine, withoutMachine } from '../../harness/machine-image.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, remove } from '../../system/container/container.kit.ts';

const MEBIBYTE = 1024 * 1024;
/** The disk that the daemon's files are on. */
const DISK = '/dev/vdc';
const hierarchy = await readCgroupHierarchy();
const withoutLxcfs = (await probeLxcfs('lxcfs')).missing;
let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon?.[Symbol.asyncDispose]());

async function groupOf(name: string): Promise<string> {
  return (await containerCgroups(daemon.cgroupParent, await inspect(daemon, name))).unified ?? '';
}

const control = async (name: string, file: string): Promise<string> =>
  readFileSync(join(await groupOf(name), file), 'utf8').trim();

const numbers = async (name: string, files: readonly string[]): Promise<number[]> =>
  await Promise.all(files.map(async (file) => Number(await control(name, file)) / MEBIBYTE));

async function start(name: string, ...flags: string[]): Promise<void> {
  await daemon.pouch(['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);
}

test('the host has control groups of version 2 and nothing else, and no limit is missing', async () => {
  assert.equal(hierarchy.mode, 'v2');
  const info = (await daemon.ok('GET', '/info')).json as SystemInfo;
  assert.deepEqual([info.CgroupVersion, info.CgroupDriver], ['2', CGROUP_DRIVER]);
  for (const key of ['MemoryLimit', 'SwapLimit', 'CpuCfsQuota', 'CPUShares', 'CPUSet', 'PidsLimit'] as const) {
    assert.equal(info[key], true, key);
  }
  assert.match((await daemon.pouch(['info'])).stdout, /disk quota: project: project quota of ext4/);
});

test('every limit is in the group, and changes while it runs', async () => {
  const limits = ['-m', '100m', '--memory-swap', '150m', '--memory-min', '8m', '--memory-low', '16m'];
  const more = ['--memory-high', '80m', '--cpus', '0.5', '-c', '512', '--cpuset-cpus', '0', '--pids-limit', '20'];
  await start('limits', ...limits, ...more, '--cpu-burst', '20000', '--device-write-bps', `${DISK}:8mb`);
  const files = ['memory.max', 'memory.swap.max', 'memory.min', 'memory.low', 'memory.high'];
  assert.deepEqual(await numbers('limits', files), [100, 50, 8, 16, 80]);
  assert.equal(await control('limits', 'cpu.max'), '50000 100000');
  assert.equal(await control('limits', 'cpu.max.burst'), '20000');
  assert.equal(await control('limits', 'cpu.weight'), '20');
  assert.equal(await control('limits', 'cpuset.cpus'), '0');
  assert.equal(await control('limits', 'pids.max'), '20');
  assert.match(await control('limits', 'io.max'), /^\d+:\d+ rbps=max wbps=8388608 riops=max wiops=max$/);
  await daemon.pouch([
    'update',
    '-m',
    '120m',
    '--memory-swap',
    '120m',
    '--memory-high',
    '90m',
    '--cpus',
    '0.25',
    'limits',
  ]);
  assert.deepEqual(await numbers('limits', files), [120, 0, 8, 16, 90]);
  assert.equal(await control('limits', 'cpu.max'), '25000 100000');
});

test('a container sees its own group as the root, can change nothing in it, and exec joins it', async () => {
  const script = 'cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max; echo 99 >/sys/fs/cgroup/pids.max';
  const { stdout, stderr } = await daemon.pouch(['exec', 'limits', 'sh', '-c', script], { allowFailure: true });
  assert.equal(stdout, '0::/\n20\n');
  assert.match(stderr, /Read-only file system/);
  const devices = await daemon.pouch(['exec', 'limits', 'sh', '-c', 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'], {
    allowFailure: true,
  });
  assert.match(devices.stderr, /Operation not permitted/);
});

test('stats count what it did; pause freezes it', async () => {
  const work =
    'dd if=/dev/zero of=/file bs=1M count=4 conv=fsync 2>/dev/null; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done';
  await daemon.pouch(['exec', 'limits', 'sh', '-c', work]);
  const stats = (await daemon.ok('GET', '/containers/limits/stats?stream=false&one-shot=true')).json as ContainerStats;
  assert.ok((stats.cpu_stats.cpu_usage?.total_usage ?? 0) > 1_000_000);
  assert.equal(stats.memory_stats.limit, 120 * MEBIBYTE);
  assert.ok((stats.memory_stats.usage ?? 0) > 0);
  assert.deepEqual([stats.pids_stats.current, stats.pids_stats.limit], [1, 20]);
  const written = (stats.blkio_stats.io_service_bytes_recursive ?? []).filter(({ op }) => /write/i.test(op));
  assert.ok(
    written.some(({ value }) => value >= 4 * MEBIBYTE),
    JSON.stringify(stats.blkio_stats),
  );
  await daemon.pouch(['pause', 'limits']);
  assert.match(await control('limits', 'cgroup.events'), /frozen 1/);
  assert.equal((await inspect(daemon, 'limits')).State.Status, 'paused');
  await daemon.pouch(['unpause', 'limits']);
  assert.match(await control('limits', 'cgroup.events'), /frozen 0/);
});

test('a kill for want of memory ends the command, and is told', async () => {
  const script = 'x=a; while :; do x=$x$x; done';
  const flags = ['--name', 'hungry', '-m', '16m', '--memory-swap', '16m'];
  const { code } = await daemon.pouch(['run', ...flags, 'busybox', 'sh', '-c', script], { allowFailure: true });
  assert.equal(code, 137);
  await eventually('OOMKilled', async () => (await inspect(daemon, 'hungry')).State.OOMKilled);
  await remove(daemon, 'hungry');
});

test('the disk ends where its quota ends, on the kernel of the file system itself', async () => {
  await start('quota', '--disk-quota', '40m');
  const write = async (path: string, mebibytes: number): Promise<string> =>
    (
      await daemon.pouch(['exec', 'quota', 'dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', `count=${mebibytes}`], {
        allowFailure: true,
      })
    ).stderr;
  assert.doesNotMatch(await write('/first', 30), /quota|space/);
  assert.match(await write('/second', 30), /No space left on device|Disk quota exceeded/);
  const [quota] = (await inspect(daemon, 'quota')).DiskQuotas ?? [];
  const used = (quota?.Used ?? 0) / MEBIBYTE;
  assert.ok(quota?.Limit === 40 * MEBIBYTE && used > 38 && used < 42, JSON.stringify(quota));
  const blocks = (await daemon.pouch(['exec', 'quota', 'df', '-m', '/'])).stdout.split('\n')[1]?.split(/\s+/)[1];
  assert.equal(blocks, '40');
  await remove(daemon, 'quota');
});

test('pouchd and containerd killed: the limits hold, and its group goes with the container', async () => {
  const group = await groupOf('limits');
  await daemon.down('SIGKILL');
  process.kill(daemon.containerdPid, 'SIGKILL');
  await daemon.up();
  assert.equal((await inspect(daemon, 'limits')).State.Running, true);
  assert.deepEqual(await numbers('limits', ['memory.max', 'memory.high']), [120, 90]);
  await daemon.pouch(['update', '--pids-limit', '30', 'limits']);
  assert.equal(await control('limits', 'pids.max'), '30');
  await remove(daemon, 'limits');
  assert.equal(existsSync(group), false);
  // systemd takes an empty slice away by itself.
  const parent = dirname(group);
  const left = existsSync(parent) ? readdirSync(parent, { withFileTypes: true }) : [];
  assert.deepEqual(
    left.filter((entry) => entry.isDirectory()),
    [],
  );
});

test("the options of the host's mount stay: lxcfs and containers in the host's namespace do not take them off", async () => {
  const lxcfs = withoutLxcfs ? '' : readFileSync(join(daemon.directory, 'run/lxcfs/pid'), 'utf8');
  for (const runtime of ['crun', 'runc']) {
    const script = 'cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.controllers; mkdir /sys/fs/cgroup/own';
    const flags = ['--rm', '--runtime', runtime, '--cgroupns', 'host'];
    const answer = await daemon.pouch(['run', ...flags, 'busybox', 'sh', '-c', script], { allowFailure: true });
    assert.match(answer.stdout, /^0::\/pouch.*\n.*memory/);
    assert.match(answer.stderr, /Read-only file system/);
  }
  const mount = (await readMounts()).find(({ mountPoint }) => mountPoint === '/sys/fs/cgroup');
  for (const option of ['nsdelegate', 'memory_recursiveprot']) {
    assert.ok(mount?.superOptions.includes(option), `${mount?.superOptions}; lxcfs is process ${lxcfs}`);
  }
});

test('a machine under systemd comes up, in a group of its own that it may write to', {
  skip: withoutMachine(),
}, async () => {
  await importMachine(daemon);
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'machine',
    '-m',
    '256m',
    '--rich',
    '--rich-mode',
    'systemd',
    'machine:systemd',
  ]);
  const inside = async (command: string): Promise<string> => {
    const { stdout, stderr } = await daemon.pouch(['exec', 'machine', 'sh', '-c', command], { allowFailure: true });
    return (stdout + stderr).trim();
  };
  await eventually('running', async () => (await inside('systemctl is-system-running')) === 'running', 60_000);
  assert.equal(await inside('systemctl is-active ssh cron nginx'), 'active\nactive\nactive');
  assert.match(await inside('cat /proc/1/cgroup'), /^0::\/init\.scope$/);
  // The kernel's word; a shell's echo has one of its own.
  assert.match(await inside('echo max | tee /sys/fs/cgroup/memory.max'), /Operation not permitted/);
  assert.equal(await control('machine', 'memory.max'), String(256 * MEBIBYTE));
  await daemon.pouch(['stop', '-t', '60', 'machine'], { timeout: 90_000 });
  assert.equal((await inspect(daemon, 'machine')).State.ExitCode, 0);
  await remove(daemon, 'machine');
});
