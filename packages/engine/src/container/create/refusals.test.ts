import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ContainerConfig, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { prepare, testContext } from './create.testkit.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pouch-create-'));
});
after(async () => await rm(root, { recursive: true }));

const MIB = 2 ** 20;

const HOST_CONFIGS: readonly (readonly [HostConfig, string])[] = [
  [{ Memory: 5 * MIB }, 'Minimum memory limit allowed is 6MB'],
  [{ MemorySwap: 64 * MIB }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [
    { Memory: 64 * MIB, MemorySwap: 32 * MIB },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [{ Memory: 64 * MIB, MemoryReservation: 128 * MIB }, 'can not be less than memory reservation limit'],
  [{ MemorySwappiness: 101 }, 'valid memory swappiness range is 0-100'],
  [{ KernelMemory: 64 * MIB }, 'Kernel memory limits are not supported'],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ NanoCpus: 1e9, CpuPeriod: 5000 }, 'Conflicting options: Nano CPUs and CPU Period cannot both be set'],
  [{ NanoCpus: 3e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms'],
  [{ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms'],
  [{ CpuRealtimeRuntime: 10 }, 'real-time scheduler'],
  [{ CpusetCpus: '0,x' }, 'Invalid value 0,x for cpuset cpus'],
  [{ CpusetCpus: '0-7' }, 'Requested CPUs are not available - requested 0-7, available: 0-1'],
  [{ CpusetMems: '3' }, 'Requested memory nodes are not available - requested 3, available: 0'],
  [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
  [{ OomScoreAdj: 1001 }, 'range for oom score adj is [-1000, 1000]'],
  [{ OomScoreAdj: -5 }, 'lacks CAP_SYS_RESOURCE'],
  [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  [
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [{ RestartPolicy: { Name: 'sometimes' } }, "unknown policy 'sometimes'"],
  [
    { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } },
    'invalid restart policy: maximum retry count cannot be negative',
  ],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, "can't create 'AutoRemove' container with restart policy"],
  [{ PortBindings: { '80/icmp': [] } }, 'invalid protocol "icmp"'],
  [{ PortBindings: { '99999/tcp': [] } }, 'invalid port specification: "99999/tcp"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: '70000' }] } }, 'invalid port specification: "70000"'],
  [{ PortBindings: { '80/tcp': [{ HostIp: '1.2.3' }] } }, 'invalid IP address in port binding: 1.2.3'],
  [{ CapAdd: ['NOPE'] }, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
  [{ CapDrop: ['CAP_NOPE'] }, 'invalid CapDrop: unknown capability: "CAP_NOPE"'],
  [{ Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: nope'],
  [
    { Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] },
    'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  ],
  [{ Sysctls: { 'vm.swappiness': '1' } }, 'it would change the host'],
  [{ Sysctls: { 'net.ipv4.ip_forward': '1' }, NetworkMode: 'host' }, 'not allowed with network mode host'],
  [{ Sysctls: { 'net/../../kernel/core_pattern': '|x' } }, 'invalid sysctl name'],
  [{ Sysctls: { 'kernel.shmmax': '1' }, IpcMode: 'host' }, 'not allowed with IPC mode host'],
  [{ Tmpfs: { '/t': 'size=x' } }, 'invalid tmpfs option "size"'],
  [{ Tmpfs: { '/t': 'lowerdir=/' } }, 'invalid tmpfs option "lowerdir"'],
  [{ Tmpfs: { t: '' } }, 'mount path must be absolute'],
  [{ Binds: ['/a:/x', 'b:/x/'] }, 'Duplicate mount point: /x'],
  [{ Binds: ['/a:/x'], Tmpfs: { '/x': '' } }, 'Duplicate mount point: /x'],
  [{ Binds: ['/a:/x:wx'] }, 'invalid mode: wx'],
  [{ Binds: ['/a:/x:ro,rw'] }, 'invalid mode: ro,rw'],
  [{ Binds: ['/a::'] }, "invalid volume specification: '/a::'"],
  [{ Binds: ['/a:/'] }, "destination can't be '/'"],
  [{ Binds: ['/a:/x/../..'] }, "destination can't be '/'"],
  [{ Binds: ['./a:/x'] }, 'If you intended to pass a host directory, use absolute path'],
  [{ Binds: ['/a:x'] }, "invalid mount path: 'x' mount path must be absolute"],
  [
    { Mounts: [{ Type: 'bind', Source: '/nowhere/x', Target: '/x' }] },
    'invalid mount config for type "bind": bind source path does not exist: /nowhere/x',
  ],
  [{ Mounts: [{ Type: 'bind', Source: 'x', Target: '/x' }] }, "invalid mount path: 'x' mount path must be absolute"],
  [{ Mounts: [{ Type: 'bind', Source: '/tmp', Target: '' }] }, 'field Target must not be empty'],
  [{ Mounts: [{ Type: 'bind', Target: '/x' }] }, 'field Source must not be empty'],
  [
    { Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/x', VolumeOptions: {} }] },
    'field VolumeOptions must not be specified',
  ],
  [{ Mounts: [{ Type: 'tmpfs', Source: '/tmp', Target: '/x' }] }, 'field Source must not be specified'],
  [
    { Mounts: [{ Type: 'volume', Target: '/x', ReadOnly: true }] },
    'must not set ReadOnly mode when using anonymous volumes',
  ],
  [
    { Mounts: [{ Type: 'volume', Source: 'v', Target: '/x', VolumeOptions: { Subpath: '../x' } }] },
    'subpath must be a relative path within the volume',
  ],
  [{ Mounts: [{ Type: 'npipe', Target: '/x' }] }, 'this mount type is not supported'],
  [{ Binds: [`/${'a'.repeat(5000)}:/x`] }, 'a path is too long'],
  [{ Tmpfs: { '/t': 'constructor' } }, 'invalid tmpfs option "constructor"'],
  [{ Ulimits: [{ Name: 'constructor', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: constructor'],
  [{ Memory: 1e30 }, 'Memory is out of range'],
  [{ VolumesFrom: ['gone'] }, 'No such container: gone'],
  [{ VolumesFrom: ['a:b:c'] }, 'malformed volumes-from specification: a:b:c'],
  [{ StorageOpt: { size: '1G' } }, '--storage-opt size is not supported'],
  [
    { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] },
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
  [{ Devices: [{ PathOnHost: 'null' }] }, "invalid device path on the host: 'null'"],
  [{ Devices: [{ PathOnHost: '/dev/null', CgroupPermissions: 'rwx' }] }, 'invalid device mode: rwx'],
  [{ DeviceCgroupRules: ['c 1:3'] }, "invalid device cgroup rule format: 'c 1:3'"],
  [{ Runtime: 'nope' }, 'unknown or invalid runtime name: nope'],
  [{ LogConfig: { Type: 'nope' } }, 'error looking up logging plugin nope: plugin "nope" not found'],
  [{ LogConfig: { Type: 'none', Config: { x: '1' } } }, "unknown log opt 'x' for none log driver"],
  [{ LogConfig: { Type: 'json-file', Config: { mode: 'x' } } }, 'logging mode not supported: x'],
  [{ Isolation: 'hyperv' }, "invalid isolation (hyperv): linux only supports 'default'"],
  [{ SecurityOpt: ['nope=1'] }, 'invalid --security-opt 2: "nope=1"'],
  [{ SecurityOpt: ['seccomp={'] }, 'seccomp profile'],
  [{ SecurityOpt: ['seccomp=/etc/profile.json'] }, 'invalid seccomp profile'],
  [{ SecurityOpt: ['apparmor=mine'] }, 'AppArmor is not enabled'],
  [{ IpcMode: 'nope' }, 'invalid IPC mode: nope'],
  [{ PidMode: 'container:' }, 'invalid PID mode: container:'],
  [{ UTSMode: 'container:x' }, 'invalid UTS mode: container:x'],
  [{ UsernsMode: 'keep-id' }, 'invalid user namespace mode: keep-id'],
  [
    { NetworkMode: 'container:x', PortBindings: { '80/tcp': [] } },
    'conflicting options: port publishing and the container type network mode',
  ],
  [{ NetworkMode: 'container:x', Dns: ['1.1.1.1'] }, 'conflicting options: dns and the network mode'],
  [{ NetworkMode: 'host', Links: ['a'] }, "conflicting options: host type networking can't be used with links"],
  [{ Links: ['a:b:c'] }, 'bad format for links: a:b:c'],
  [{ Dns: ['nope'] }, 'bad format of DNS server address: nope'],
  [{ DnsSearch: ['a b\nnameserver 1.1.1.1'] }, 'invalid DNS search domain'],
  [{ ExtraHosts: ['a:1.2.3.4\n5.6.7.8 b'] }, 'bad format for add-host'],
  [{ ExtraHosts: ['a:1.2.3'] }, 'invalid IP address in add-host: "1.2.3"'],
  [{ CgroupParent: '/../x' }, 'invalid cgroup parent'],
];

const CONFIGS: readonly (readonly [ContainerConfig, string])[] = [
  [{ Hostname: 'a b' }, 'invalid hostname format: a b'],
  [{ Hostname: 'a\n1.2.3.4 b' }, 'invalid hostname format'],
  [{ Hostname: '-a' }, 'invalid hostname format: -a'],
  [{ Hostname: 'a'.repeat(64) }, 'invalid hostname format'],
  [{ Domainname: 'a b' }, 'invalid domain name: a b'],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ Env: ['A=\0'] }, 'may not hold a NUL byte'],
  [{ Cmd: ['a\0b'] }, 'may not hold a NUL byte'],
  [{ WorkingDir: 'x' }, "the working directory 'x' is invalid, it needs to be an absolute path"],
  [{ StopSignal: 'SIGNOPE' }, 'invalid signal: SIGNOPE'],
  [{ User: 'a:b:c' }, "invalid user: 'a:b:c'"],
  [{ ExposedPorts: { '0/tcp': {} } }, 'invalid port specification: "0/tcp"'],
  [{ Healthcheck: { Test: ['NOPE', 'x'] } }, 'Unknown healthcheck type "NOPE"'],
  [{ Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Volumes: { '/': {} } }, "destination can't be '/'"],
];

async function refusal(request: object): Promise<string> {
  const context = testContext(root);
  const error: unknown = await prepare(context, request).catch((cause: unknown) => cause);
  assert.ok(error instanceof PouchError, `${JSON.stringify(request)} was not refused`);
  assert.ok(error.httpStatus >= 400 && error.httpStatus !== 500, `${error.message}: ${error.code}`);
  assert.equal(context.volumes.made.size, 0, 'a volume was left');
  return error.message;
}

for (const [hostConfig, message] of HOST_CONFIGS) {
  test(`refused: HostConfig ${JSON.stringify(hostConfig).slice(0, 80)}`, async () => {
    const said = await refusal({ HostConfig: hostConfig });
    assert.ok(said.includes(message), `${said}\nhas not: ${message}`);
  });
}

for (const [config, message] of CONFIGS) {
  test(`refused: ${JSON.stringify(config).slice(0, 80)}`, async () => {
    const said = await refusal(config);
    assert.ok(said.includes(message), `${said}\nhas not: ${message}`);
  });
}

test('page cache is not promised to be given back where the kernel has no way to', async () => {
  const context = testContext(root);
  const host = { ...context.host, limits: { ...context.host.limits, cacheReclaim: false } };
  await assert.rejects(
    prepare({ ...context, host }, { HostConfig: { MemoryForceEmptyCtl: 1 } }),
    /needs memory.reclaim on cgroup v2/,
  );
  await prepare({ ...context, host }, { HostConfig: { MemoryForceEmptyCtl: 0 } });
});

test('what the host cannot limit is taken out with a warning', async () => {
  const context = testContext(root);
  const { limits } = context.host;
  const host = { ...context.host, limits: { ...limits, swap: false, pids: false, cpuset: false, blkioWeight: false } };
  const asked = { Memory: 64 * MIB, PidsLimit: 5, CpusetCpus: '0', BlkioWeight: 100, OomKillDisable: true };
  const { hostConfig, warnings } = await prepare({ ...context, host }, { HostConfig: asked });
  assert.equal(warnings.length, 5);
  for (const key of ['MemorySwap', 'PidsLimit', 'CpusetCpus', 'BlkioWeight', 'OomKillDisable'] as const) {
    assert.equal(hostConfig[key], undefined, key);
  }
  const lowered = await prepare(context, { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 5000, Hard: 5000 }] } });
  assert.match(lowered.warnings.join(), /ulimit nofile is lowered to 1024/);
});
