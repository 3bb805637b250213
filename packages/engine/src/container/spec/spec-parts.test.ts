import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_HOST } from '../create/create.testkit.ts';
import { containerCapabilities } from './capabilities.ts';
import { parseDeviceRule } from './device-rule.ts';
import { buildEnvironment } from './environment.ts';
import { deviceNumbers } from './host-device.ts';
import { parseCpuList } from './host-facts.ts';
import { parseHardLimits } from './read-host-facts.ts';
import { buildResources } from './resources.ts';
import { buildRlimits } from './rlimits.ts';
import { parseSecurityOptions } from './security-options.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

test('capabilities stay within what the daemon has', () => {
  const names = (config: object): string[] => containerCapabilities(config, TEST_HOST);
  assert.equal(names({}).length, 14);
  assert.equal(names({ Privileged: true }).length, TEST_HOST.boundingCapabilities.length);
  assert.deepEqual(names({ CapDrop: ['ALL'], CapAdd: ['NET_ADMIN', 'SYS_RESOURCE'] }), ['CAP_NET_ADMIN']);
  assert.ok(!names({ CapAdd: ['all'], CapDrop: ['chown'] }).includes('CAP_CHOWN'));
});

test('limits beyond the own are lowered, unlimited is exact', () => {
  const limits = [
    { Name: 'nofile', Soft: -1, Hard: -1 },
    { Name: 'core', Soft: 0, Hard: -1 },
  ];
  const infinity = 18446744073709551615n;
  assert.deepEqual(buildRlimits(limits, TEST_HOST), [
    { type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 },
    { type: 'RLIMIT_CORE', hard: infinity, soft: 0 },
  ]);
  const free = { ...TEST_HOST, boundingCapabilities: ['CAP_SYS_RESOURCE'] };
  assert.equal(buildRlimits(limits, free)[0]?.hard, infinity);
});

test('/proc/self/limits is read', () => {
  const text = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max open files            1024                 20000                files     ',
  ].join('\n');
  assert.deepEqual(parseHardLimits(text), { RLIMIT_NOFILE: 20000n });
});

test('the environment: defaults under what is given, the last value wins', () => {
  const env = buildEnvironment({ entries: ['A=1', 'A=2=3', 'TERM'], hostname: 'h', home: '/root', tty: true });
  assert.deepEqual(env.slice(1), ['HOSTNAME=h', 'A=2=3', 'HOME=/root']);
  assert.equal(buildEnvironment({ entries: ['HOME'], hostname: '', home: '/x', tty: false }).length, 1);
});

test('resources in the runtime form', async () => {
  const config = { Memory: 64, MemorySwap: 128, NanoCpus: 1.5e9, CpuShares: 10, PidsLimit: 7, MemorySwappiness: 5 };
  assert.deepEqual(await buildResources(config, TEST_HOST), {
    memory: { limit: 64, swap: 128 },
    cpu: { shares: 10, quota: 150_000, period: 100_000 },
    pids: { limit: 7 },
  });
  assert.deepEqual(await buildResources({}, TEST_HOST), {});
});

test('device numbers, device rules, lists of CPUs', () => {
  assert.deepEqual(deviceNumbers(0x0103), { major: 1, minor: 3 });
  // /dev/nvme partitions: major 259, minors beyond 255 keep their upper bits above the major.
  assert.deepEqual(deviceNumbers(((259 & 0xfff) << 8) | (300 & 0xff) | ((300 & 0xfff00) << 12)), {
    major: 259,
    minor: 300,
  });
  assert.deepEqual(parseDeviceRule('c 13:* rw'), { allow: true, type: 'c', major: 13, access: 'rw' });
  assert.deepEqual([...(parseCpuList('0-2,5') ?? [])], [0, 1, 2, 5]);
  for (const bad of ['', '2-1', 'a', '1,,2', '99999']) assert.equal(parseCpuList(bad), undefined, bad);
});

test('security options in both notations', () => {
  const read = parseSecurityOptions([
    'no-new-privileges',
    'seccomp:unconfined',
    'label=type:x',
    'label=level:s0',
    'systempaths=unconfined',
  ]);
  assert.deepEqual(read, {
    noNewPrivileges: true,
    labels: ['type:x', 'level:s0'],
    systemPathsUnconfined: true,
    writableCgroups: false,
    seccomp: 'unconfined',
  });
  assert.equal(parseSecurityOptions(['no-new-privileges=false']).noNewPrivileges, false);
});

test('tmpfs options override the safe defaults one by one', () => {
  assert.deepEqual(parseTmpfsOptions(''), ['noexec', 'nosuid', 'nodev']);
  assert.deepEqual(parseTmpfsOptions('exec,size=1m,ro'), ['exec', 'nosuid', 'nodev', 'size=1048576', 'ro']);
});
