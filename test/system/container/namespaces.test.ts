import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';
import { CGROUP_DRIVER } from '../../harness/cgroup-parent.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { inspect, remove, start } from './container.kit.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

const shell = async (flags: readonly string[], script: string): Promise<string> =>
  await daemon.run([...flags, 'busybox', 'sh', '-c', script]);

async function fails(flags: readonly string[], script: string): Promise<string> {
  const answer = await daemon.pouch(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], { allowFailure: true });
  assert.notEqual(answer.code, 0, `${flags.join(' ')}: ${answer.stdout}`);
  return answer.stderr;
}

test('user, groups, directory and entrypoint', async () => {
  assert.equal(
    await daemon.run(['-u', 'user', 'busybox', 'id']),
    'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)',
  );
  assert.equal(
    await daemon.run(['-u', '12:34', '--group-add', 'extra', '--group-add', '77', 'busybox', 'id', '-G']),
    '34 77 2000',
  );
  assert.match(await fails(['-u', 'nobody-here'], 'true'), /nobody-here/);
  assert.equal(await daemon.run(['-w', '/made/for/it', 'busybox', 'pwd']), '/made/for/it');
  assert.equal(await daemon.run(['--entrypoint', 'echo', 'busybox', 'a', 'b']), 'a b');
  assert.equal(await daemon.run(['--entrypoint', '', 'busybox', 'echo', 'c']), 'c');
});

test('environment, by flag and file, and labels and annotations', async () => {
  const file = join(daemon.directory, 'vars');
  writeFileSync(file, '# a comment\nFROM_FILE=one two\n\nPOUCH_HOST\n');
  const output = await daemon.run([
    '-e',
    'A=1',
    '-e',
    'POUCH_HOST',
    '--env-file',
    file,
    '-e',
    'HOSTNAME=x',
    'busybox',
    'env',
  ]);
  for (const line of ['A=1', 'FROM_FILE=one two', `POUCH_HOST=unix://${daemon.socket}`, 'HOSTNAME=x', 'HOME=/root']) {
    assert.ok(output.split('\n').includes(line), `${line} in ${output}`);
  }
  const labels = join(daemon.directory, 'labels');
  writeFileSync(labels, 'from.file=yes\n');
  const flags = ['-l', 'a=b', '-l', 'bare', '--label-file', labels, '--annotation', 'note=kept'];
  const id = (await daemon.pouch(['create', ...flags, 'busybox'])).stdout.trim();
  const { Config: config, HostConfig: host } = await inspect(daemon, id);
  assert.deepEqual(config.Labels, { a: 'b', bare: '', 'from.file': 'yes' });
  assert.equal(host.Annotations?.['note'], 'kept');
  await remove(daemon, id);
});

test('host and domain name, hosts file, resolver', async () => {
  assert.equal(
    await shell(['-h', 'box', '--domainname', 'example.org'], 'hostname; cat /proc/sys/kernel/domainname'),
    'box\nexample.org',
  );
  const id = (await daemon.pouch(['create', 'busybox'])).stdout.trim();
  assert.equal((await inspect(daemon, id)).Config.Hostname, id.slice(0, 12));
  await remove(daemon, id);
  const hosts = await shell(
    ['--add-host', 'db:10.1.2.3', '--add-host', 'up:host-gateway', '-h', 'box'],
    'cat /etc/hosts',
  );
  assert.match(hosts, /^10\.1\.2\.3\s+db$/m);
  assert.match(hosts, /^\d+\.\d+\.\d+\.1\s+up$/m);
  assert.match(hosts, /^\d+\.\d+\.\d+\.\d+\s+box$/m);
  const resolver = ['--dns', '9.9.9.9', '--dns-search', 'example.org', '--dns-option', 'ndots:2'];
  const conf = await shell(resolver, 'cat /etc/resolv.conf');
  for (const line of ['nameserver 9.9.9.9', 'search example.org', 'options ndots:2'])
    assert.ok(conf.includes(line), conf);
});

test('kernel settings of its own namespaces, and no others', async () => {
  const flags = ['--sysctl', 'net.ipv4.ip_forward=0', '--sysctl', 'kernel.msgmax=9000'];
  assert.equal(await shell(flags, 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'), '0\n9000');
  assert.match(await fails(['--sysctl', 'kernel.panic=1'], 'true'), /kernel\.panic/);
  assert.match(await fails(['--sysctl', 'net.ipv4.ip_forward=0', '--network', 'host'], 'true'), /sysctl/);
});

test('namespaces: own, of the host, and of another container', async () => {
  const host = (kind: string): string => readlinkSync(`/proc/self/ns/${kind}`);
  const inside = async (flags: readonly string[], kind: string): Promise<string> =>
    await daemon.run([...flags, 'busybox', 'readlink', `/proc/self/ns/${kind}`]);
  for (const [flag, kind] of [
    ['pid', 'pid'],
    ['uts', 'uts'],
    ['ipc', 'ipc'],
    ['network', 'net'],
    ['cgroupns', 'cgroup'],
  ] as const) {
    assert.equal(await inside([`--${flag}`, 'host'], kind), host(kind), flag);
  }
  for (const kind of ['pid', 'uts', 'ipc', 'net', 'mnt']) assert.notEqual(await inside([], kind), host(kind), kind);
  assert.notEqual(await inside(['--cgroupns', 'private'], 'cgroup'), host('cgroup'));
  assert.equal(await shell(['--uts', 'host'], 'hostname'), hostname());
  const id = await start(
    daemon,
    ['sh', '-c', 'echo shared > /dev/shm/file; sleep 1000'],
    { HostConfig: { IpcMode: 'shareable' } },
    'owner',
  );
  const { Pid: pid } = (await inspect(daemon, id)).State;
  for (const [flag, kind] of [
    ['pid', 'pid'],
    ['ipc', 'ipc'],
    ['network', 'net'],
  ] as const) {
    assert.equal(await inside([`--${flag}`, 'container:owner'], kind), readlinkSync(`/proc/${pid}/ns/${kind}`), flag);
  }
  assert.equal(await shell(['--ipc', 'container:owner'], 'cat /dev/shm/file'), 'shared');
  assert.match(await shell(['--pid', 'container:owner'], 'ps'), /sleep 1000/);
  await remove(daemon, id);
  assert.match(await fails(['--ipc', 'container:owner'], 'true'), /owner/);
  const lonely = await start(daemon, ['sleep', '1000'], { HostConfig: { IpcMode: 'private' } });
  assert.match(await fails(['--ipc', `container:${lonely}`], 'true'), /shareable|non-shareable/);
  await remove(daemon, lonely);
});

test('capabilities: those that are usual, added and dropped', async () => {
  const bits = async (...flags: string[]): Promise<bigint> =>
    BigInt(`0x${(await shell(flags, 'grep CapEff /proc/self/status')).split(/\s+/).at(-1)}`);
  assert.equal(await bits(), 0xa80425fbn);
  assert.equal(await bits('--cap-drop', 'ALL'), 0n);
  assert.equal(await bits('--cap-drop', 'ALL', '--cap-add', 'net_bind_service'), 1n << 10n);
  assert.equal(
    await bits('--cap-add', 'NET_ADMIN', '--cap-drop', 'CAP_MKNOD'),
    (0xa80425fbn | (1n << 12n)) & ~(1n << 27n),
  );
  assert.equal(await bits('-u', 'user'), 0n);
  assert.match(await fails(['--cap-add', 'NOSUCH'], 'true'), /NOSUCH/i);
  assert.match(await fails([], 'ip link add d0 type dummy'), /not permitted/);
  const own = BigInt(`0x${/CapBnd:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`);
  assert.equal(await bits('--privileged'), own);
});

test('seccomp: the usual profile, one of our own, and none', async () => {
  assert.match(await fails([], 'unshare -U true'), /not permitted/);
  assert.equal(await shell(['--security-opt', 'seccomp=unconfined'], 'grep Seccomp: /proc/self/status'), 'Seccomp:\t0');
  assert.equal(await shell([], 'grep Seccomp: /proc/self/status'), 'Seccomp:\t2');
  const profile = join(daemon.directory, 'seccomp.json');
  const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }];
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
  assert.match(await fails(['--security-opt', `seccomp=${profile}`], 'mkdir /tmp/x'), /not permitted/);
  assert.match(await fails(['--security-opt', `seccomp=${profile}.missing`], 'true'), /seccomp/);
});

test('no new privileges; what of /proc and /sys is hidden', async () => {
  assert.equal(
    await shell(['--security-opt', 'no-new-privileges'], 'grep NoNewPrivs /proc/self/status'),
    'NoNewPrivs:\t1',
  );
  assert.equal(await shell([], 'cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | head -c 10 | wc -c'), '0');
  assert.match(await fails([], 'echo 1 > /proc/sys/kernel/msgmax'), /Read-only file system/);
  assert.match(await fails([], 'echo > /sys/kernel/profiling'), /Read-only|denied|nonexistent/);
  const group = existsSync('/sys/fs/cgroup/memory') ? '/sys/fs/cgroup/memory/x' : '/sys/fs/cgroup/x';
  assert.match(await fails([], `mkdir ${group}`), /Read-only file system/);
  assert.match(await shell(['--privileged'], 'grep " /sys sysfs" /proc/mounts'), /\brw\b/);
});

test('a root file system that is read-only', async () => {
  assert.match(await fails(['--read-only'], 'echo > /file'), /Read-only file system/);
  assert.equal(
    await shell(['--read-only', '--tmpfs', '/tmp:size=1m', '-v', '/data'], 'echo > /tmp/a; echo > /data/b; echo fine'),
    'fine',
  );
});

test('init reaps and passes signals on, or says what is missing', async (t) => {
  const there = await exec('sh', ['-c', 'command -v tini || command -v docker-init || command -v tini-static'], {
    allowFailure: true,
  });
  if (there.code !== 0) {
    assert.match(await fails(['--init'], 'true'), /tini|docker-init/);
    return t.skip('tini is not installed on this host');
  }
  assert.match(await shell(['--init'], 'cat /proc/1/cmdline'), /init/);
});

test('platform, pull policy and GPUs: what cannot be is refused', async () => {
  const foreign = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64';
  const refused = async (...flags: string[]): Promise<string> => {
    const answer = await daemon.pouch(['run', '--rm', ...flags], { allowFailure: true });
    assert.equal(answer.code, 125, answer.stdout + answer.stderr);
    return answer.stderr;
  };
  assert.match(await refused('--platform', foreign, '--pull', 'never', 'busybox', 'true'), /platform/);
  assert.match(await refused('--pull', 'never', 'nosuch:1', 'true'), /No such image: nosuch:1/);
  assert.match(await refused('--gpus', 'all', 'busybox', 'true'), /gpu|GPU|device driver/);
  assert.equal(await daemon.run(['--pull', 'never', 'busybox', 'echo', 'here']), 'here');
});

test('cgroup parent, and what the daemon leaves of it', async () => {
  // A slice is below another by its name.
  const [parent, shown] =
    CGROUP_DRIVER === 'systemd'
      ? [daemon.cgroupParent.replace('.slice', '-below.slice'), 'below.slice/pouch-']
      : [`${daemon.cgroupParent}/below`, `${daemon.cgroupParent}/below/`];
  const output = await shell(['--cgroupns', 'host', '--cgroup-parent', parent], 'cat /proc/self/cgroup');
  assert.match(output, new RegExp(`${shown}[0-9a-f]{64}(\\.scope)?$`, 'm'));
});

test('binds and their propagation', async () => {
  const directory = join(daemon.directory, 'bound');
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'from the host');
  assert.equal(
    await shell(['-v', `${directory}:/mnt:ro`], 'cat /mnt/file; echo > /mnt/x 2>/dev/null || echo no'),
    'from the hostno',
  );
  await shell(['-v', `${directory}:/mnt`], 'echo written > /mnt/back');
  assert.equal(readFileSync(join(directory, 'back'), 'utf8'), 'written\n');
  await shell(['-v', `${directory}/made:/mnt`], 'true');
  assert.ok(existsSync(join(directory, 'made')));
  assert.match(await fails(['--mount', `type=bind,source=${directory}/missing,target=/mnt`], 'true'), /does not exist/);
  await exec('mount', ['--bind', directory, directory]);
  try {
    await exec('mount', ['--make-shared', directory]);
    const mounts = async (mode: string): Promise<string> =>
      (
        await shell(
          ['--mount', `type=bind,source=${directory},target=/mnt,bind-propagation=${mode}`],
          'grep " /mnt " /proc/self/mountinfo',
        )
      ).split(' - ')[0] as string;
    assert.match(await mounts('rshared'), /shared:\d+/);
    assert.match(await mounts('rslave'), /master:\d+/);
    assert.doesNotMatch(await mounts('rprivate'), /shared|master/);
  } finally {
    await exec('umount', [directory]);
    rmSync(directory, { recursive: true });
  }
});
