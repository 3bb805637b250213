import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HostConfig } from '@pouch/api';
import { readHostFacts } from '../../../packages/engine/src/container/spec/read-host-facts.ts';
import { Bundle } from './bundle.testkit.ts';

const MIB = 2 ** 20;
const host = await readHostFacts();
let bundle: Bundle;
before(async () => {
  bundle = await Bundle.make();
});
after(async () => await bundle[Symbol.asyncDispose]());

/** Files of the container's own cgroup as it sees them; the host's cgroup namespace is not shared. */
async function limits(hostConfig: HostConfig, ...files: string[]): Promise<string[]> {
  const script = files.map((file) => `cat /sys/fs/cgroup/${file}`).join('; ');
  return (await bundle.sh(script, { HostConfig: { ...hostConfig, CgroupnsMode: 'private' } })).split('\n');
}

/** The file's name with cgroup v1 (this kind of host), or with v2. */
const file = (v1: string, v2: string): string => (host.cgroupVersion === 1 ? v1 : v2);

test('memory, swap and reservation', { skip: !host.limits.memory }, async () => {
  const config = { Memory: 64 * MIB, MemoryReservation: 32 * MIB };
  const [limit, soft] = await limits(
    config,
    file('memory/memory.limit_in_bytes', 'memory.max'),
    file('memory/memory.soft_limit_in_bytes', 'memory.low'),
  );
  assert.deepEqual([limit, soft], [String(64 * MIB), String(32 * MIB)]);
  if (host.limits.swap && host.cgroupVersion === 1) {
    const memsw = 'memory/memory.memsw.limit_in_bytes';
    assert.deepEqual(await limits({ Memory: 64 * MIB }, memsw), [String(128 * MIB)]);
    assert.deepEqual(await limits({ Memory: 64 * MIB, MemorySwap: 64 * MIB }, memsw), [String(64 * MIB)]);
    const [unlimited] = await limits({ Memory: 64 * MIB, MemorySwap: -1 }, memsw);
    assert.ok(Number(unlimited) > 2 ** 60);
  }
});

test('swappiness and the OOM killer', { skip: host.cgroupVersion === 2 }, async () => {
  assert.deepEqual(await limits({ Memory: 64 * MIB, MemorySwappiness: 7 }, 'memory/memory.swappiness'), ['7']);
  const [killer] = await limits({ Memory: 64 * MIB, OomKillDisable: true }, 'memory/memory.oom_control');
  assert.equal(killer, 'oom_kill_disable 1');
});

test('CPU shares, a number of CPUs, a quota, and a set', { skip: host.cgroupVersion === 2 }, async () => {
  const [quota, period] = await limits({ NanoCpus: 5e8 }, 'cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us');
  assert.deepEqual([quota, period], ['50000', '100000']);
  const own = { CpuQuota: 20_000, CpuPeriod: 50_000, CpuShares: 512, CpusetCpus: '0' };
  const files = ['cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us', 'cpu/cpu.shares', 'cpuset/cpuset.cpus'];
  assert.deepEqual(await limits(own, ...files), ['20000', '50000', '512', '0']);
});

test('a limit on processes', { skip: !host.limits.pids }, async () => {
  assert.deepEqual(await limits({ PidsLimit: 50 }, file('pids/pids.max', 'pids.max')), ['50']);
  assert.deepEqual(await limits({ PidsLimit: -1 }, file('pids/pids.max', 'pids.max')), ['max']);
});

test('devices: given ones are there, others refused; all of them when privileged', async () => {
  const device = { PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rw' };
  const out = await bundle.sh('stat -c %t:%T /dev/mine; echo x > /dev/mine && echo written', {
    HostConfig: { Devices: [device] },
  });
  assert.equal(out, '1:3\nwritten');
  const kmsg = 'mknod /tmp/kmsg c 1 11 2>/dev/null; (: < /tmp/kmsg) 2>&1 && echo open; rm -f /tmp/kmsg';
  const script = kmsg.replaceAll('mknod', 'busybox mknod').replaceAll('rm ', 'busybox rm ');
  assert.match(await bundle.sh(script), /not permitted/);
  assert.match(await bundle.sh(script, { HostConfig: { DeviceCgroupRules: ['c 1:11 rwm'] } }), /open/);
  assert.match(await bundle.sh('ls /dev', { HostConfig: { Privileged: true } }), /^(kmsg|loop-control|fuse)$/m);
  await assert.rejects(
    bundle.sh('true', { HostConfig: { Devices: [{ PathOnHost: '/dev/nothing-here' }] } }),
    /error gathering device information while adding custom device "\/dev\/nothing-here"/,
  );
});

test('block I/O throttles need a block device', async () => {
  const rate = [{ Path: '/dev/null', Rate: 1024 }];
  await assert.rejects(
    bundle.sh('true', { HostConfig: { BlkioDeviceReadBps: rate } }),
    /\/dev\/null is not a block device/,
  );
});

test('sysctls of the own network and IPC namespace', async () => {
  const script =
    'cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start net/core/somaxconn kernel/msgmax kernel/domainname';
  const config = {
    Domainname: 'example.org',
    HostConfig: { Sysctls: { 'net.core.somaxconn': '77', 'kernel.msgmax': '4096' } },
  };
  assert.equal(await bundle.sh(script, config), '0\n77\n4096\nexample.org');
});
