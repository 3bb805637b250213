import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ContainerCreateRequest } from '@pouch/api';
import { mount, setPropagation, unmount } from '@pouch/linux';
import { readHostFacts } from '../../../packages/engine/src/container/spec/read-host-facts.ts';
import { Bundle } from './bundle.testkit.ts';

let bundle: Bundle;
let source: string;
before(async () => {
  bundle = await Bundle.make();
  source = join(bundle.directory, 'source');
  await mkdir(join(source, 'below'), { recursive: true });
  await writeFile(join(source, 'file'), 'hello\n');
});
after(async () => await bundle[Symbol.asyncDispose]());

test('binds: writable, read-only, and a missing source of -v is made', async () => {
  const binds = [`${source}:/rw`, `${source}:/ro:ro`, `${bundle.directory}/made:/made`];
  const out = await bundle.sh('cat /ro/file; echo x > /rw/new; (echo x > /ro/new) 2>&1; ls -d /made', {
    HostConfig: { Binds: binds },
  });
  assert.match(out, /^hello\n.*Read-only file system\n\/made$/s);
  assert.equal(await readFile(join(source, 'new'), 'utf8'), 'x\n');
  assert.ok((await stat(`${bundle.directory}/made`)).isDirectory());
});

test('a read-only bind covers what is mounted below it, unless told otherwise', async (t) => {
  const { recursiveReadOnly } = await readHostFacts();
  if (!recursiveReadOnly) return t.skip('needs Linux 5.12');
  await mount({ type: 'tmpfs', target: join(source, 'below') });
  try {
    const script = '(: > /m/below/x) 2>&1 && echo written';
    const bind = { Type: 'bind', Source: source, Target: '/m', ReadOnly: true } as const;
    const fails = await bundle.run({ Cmd: ['sh', '-c', script], HostConfig: { Mounts: [bind] } });
    assert.match(fails.stdout, /Read-only file system/);
    const loose = { ...bind, BindOptions: { ReadOnlyNonRecursive: true } };
    assert.equal(await bundle.sh(script, { HostConfig: { Mounts: [loose] } }), 'written');
    const flat = { ...bind, ReadOnly: false, BindOptions: { NonRecursive: true } };
    assert.equal(await bundle.sh('grep -c " /m/below " /proc/mounts || true', { HostConfig: { Mounts: [flat] } }), '0');
  } finally {
    await unmount([join(source, 'below')]);
  }
});

test('mounts inside mounts come in the order of their depth', async () => {
  const config = { Tmpfs: { '/a/b': 'size=1m' }, Binds: [`${source}:/a/b/c`, `${bundle.directory}/outer:/a`] };
  assert.equal(
    await bundle.sh('cat /a/b/c/file; df -k /a/b | grep -o 1024 | busybox head -1', { HostConfig: config }),
    'hello\n1024',
  );
});

test('tmpfs options', async () => {
  const mounts = [{ Type: 'tmpfs', Target: '/t2', TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o700 } } as const];
  const config = { Tmpfs: { '/t1': 'size=64k,exec,mode=1777' }, Mounts: mounts };
  const out = await bundle.sh('grep " /t" /proc/mounts; stat -c %a /t1 /t2', { HostConfig: config });
  assert.match(out, /^tmpfs \/t1 tmpfs rw,nosuid,nodev,relatime,size=64k/m);
  assert.match(out, /^tmpfs \/t2 tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k,mode=700/m);
  assert.match(out, /1777\n700$/);
});

test('volumes: named, anonymous, and read-only', async () => {
  const out = await bundle.sh('echo v > /v/file; (: > /r/x) 2>&1; grep -c " /anon " /proc/mounts', {
    Volumes: { '/anon': {} },
    HostConfig: { Binds: ['data:/v', 'data:/r:ro'] },
  });
  assert.match(out, /Read-only file system\n1$/);
  assert.equal(await readFile(join(bundle.directory, 'volumes/data/file'), 'utf8'), 'v\n');
});

test('/dev/shm: sized, absent, and given from outside', async () => {
  assert.match(await bundle.sh('grep " /dev/shm " /proc/mounts'), /size=65536k/);
  assert.match(await bundle.sh('grep " /dev/shm " /proc/mounts', { HostConfig: { ShmSize: 2 ** 20 } }), /size=1024k/);
  assert.equal(await bundle.sh('grep -c " /dev/shm " /proc/mounts || true', { HostConfig: { IpcMode: 'none' } }), '0');
  const shared = { HostConfig: { IpcMode: 'shareable' } };
  assert.equal(await bundle.sh('cat /dev/shm/file', shared, { spec: { shmPath: source } }), 'hello');
});

test('resolv.conf, hosts and hostname are binds that can be written', async () => {
  const file = join(source, 'file');
  const sandbox = { resolvConfPath: file, hostsPath: file, hostnamePath: file };
  const script = 'cat /etc/resolv.conf /etc/hosts; echo more >> /etc/hosts && echo ok';
  assert.equal(await bundle.sh(script, {}, { spec: { sandbox } }), 'hello\nhello\nok');
});

test('a read-only root; masked and read-only paths, and neither when privileged', async () => {
  const script =
    '(: > /x) 2>&1; cat /proc/interrupts | busybox wc -c; (echo 1 > /proc/sys/kernel/domainname) 2>&1; ls /sys/firmware | busybox wc -l';
  const out = await bundle.sh(script, { HostConfig: { ReadonlyRootfs: true } });
  assert.match(out, /x: Read-only file system\n0\n.*domainname: Read-only file system\n0$/s);
  const open = await bundle.sh('echo 1 > /proc/sys/kernel/domainname && echo ok', { HostConfig: { Privileged: true } });
  assert.equal(open, 'ok');
  const unconfined = { HostConfig: { SecurityOpt: ['systempaths=unconfined'] } };
  assert.equal(await bundle.sh('grep -c " /proc/interrupts " /proc/mounts || true', unconfined), '0');
});

test('the cgroup file system is read-only, writable when privileged, and its root is the container when private', async () => {
  const path = '/sys/fs/cgroup';
  assert.match(
    await bundle.sh(`(busybox mkdir ${path}/pids/x || busybox mkdir ${path}/x) 2>&1 || true`),
    /Read-only file system/,
  );
  const own = await bundle.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'private' } });
  assert.doesNotMatch(own, /pouch-spec/);
  assert.match(await bundle.sh('cat /proc/self/cgroup', { HostConfig: { CgroupnsMode: 'host' } }), /pouch-spec/);
  const writable = {
    HostConfig: { CgroupnsMode: 'private', SecurityOpt: ['writable-cgroups=true'] },
  } satisfies ContainerCreateRequest;
  assert.equal(
    await bundle.sh(`cd ${path}/pids || cd ${path}; busybox mkdir x && busybox rmdir x && echo ok`, writable),
    'ok',
  );
});

for (const runtime of ['runc', 'crun'])
  test(`no control group can be changed from inside, with ${runtime}`, async () => {
    const groups =
      'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -f $d/cgroup.procs ] && busybox mkdir $d/x 2>&1; done';
    const made = await bundle.sh(`${groups}; true`, { HostConfig: { Runtime: runtime } }, { runtime });
    assert.match(made, /^(mkdir: .*Read-only file system\n?)+$/, made);
  });

test('nothing can be made beside the cgroups either, with runc', async () => {
  const probe = 'busybox mkdir /sys/fs/cgroup/beside 2>&1 || true; ls /sys/fs/cgroup | busybox wc -l';
  const out = await bundle.sh(probe);
  assert.match(out, /Read-only file system\n[1-9]\d*$/);
  const own = { HostConfig: { Tmpfs: { '/sys/fs/cgroup': '' } } };
  assert.equal(await bundle.sh('busybox mkdir /sys/fs/cgroup/own && echo ok', own), 'ok');
});

test('shared propagation needs a shared source, and works with one', async () => {
  const shared = join(bundle.directory, 'shared');
  await mkdir(shared);
  const bind = {
    HostConfig: { Binds: [`${shared}:/s:rshared`], CapAdd: ['SYS_ADMIN'], SecurityOpt: ['seccomp=unconfined'] },
  };
  await mount({ type: 'tmpfs', target: shared });
  try {
    await setPropagation(shared, 'private');
    await assert.rejects(bundle.sh('true', bind), /is not a shared mount/);
    await setPropagation(shared, 'shared');
    assert.equal(
      await bundle.sh('mkdir() { busybox mkdir "$@"; }; mkdir /s/m && mount -t tmpfs t /s/m && echo ok', bind),
      'ok',
    );
    assert.match(await readFile('/proc/self/mounts', 'utf8'), new RegExp(` ${shared}/m tmpfs`));
  } finally {
    await unmount([join(shared, 'm')]);
    await unmount([shared]);
  }
});
