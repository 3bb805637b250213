import assert from 'node:assert/strict';
import { copyFile, readlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';
import { buildExecProcess } from '../../../packages/engine/src/container/spec/exec-process.ts';
import { readHostFacts } from '../../../packages/engine/src/container/spec/read-host-facts.ts';
import { RootfsView } from '../../../packages/engine/src/container/spec/rootfs-view.ts';
import { Bundle } from './bundle.testkit.ts';

let bundle: Bundle;
before(async () => {
  bundle = await Bundle.make();
});
after(async () => await bundle[Symbol.asyncDispose]());

const KINDS = ['net', 'ipc', 'pid', 'uts', 'cgroup'] as const;

async function namespaces(hostConfig: object, spec = {}): Promise<Record<string, string>> {
  const script = KINDS.map((kind) => `busybox readlink /proc/self/ns/${kind}`).join(';');
  const lines = (await bundle.sh(script, { HostConfig: hostConfig }, { spec })).split('\n');
  return Object.fromEntries(KINDS.map((kind, index) => [kind, lines[index] ?? '']));
}

test('every namespace is its own, and the host is shared on request', async () => {
  const host = Object.fromEntries(
    await Promise.all(KINDS.map(async (kind) => [kind, await readlink(`/proc/self/ns/${kind}`)])),
  );
  const own = await namespaces({ CgroupnsMode: 'private' });
  for (const kind of KINDS) assert.notEqual(own[kind], host[kind], kind);
  const modes = { NetworkMode: 'host', IpcMode: 'host', PidMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' };
  assert.deepEqual(await namespaces(modes), host);
  assert.equal(await bundle.sh('hostname', { HostConfig: { UTSMode: 'host' } }), hostname());
});

test("another's namespaces are joined by path", async () => {
  const paths = { ipcPath: `/proc/${process.pid}/ns/ipc`, pidPath: `/proc/${process.pid}/ns/pid` };
  const findContainer = async () => ({ id: 'f'.repeat(64), name: 'other', mounts: [], ipcMode: 'shareable' });
  const record = await bundle.prepare(
    { Cmd: ['true'], HostConfig: { IpcMode: 'container:other', PidMode: 'container:other' } },
    { findContainer },
  );
  assert.equal(record.hostConfig.IpcMode, `container:${'f'.repeat(64)}`);
  const spec = JSON.parse(await bundle.spec(record, { joined: paths, shmPath: '/dev/shm' })) as {
    linux: { namespaces: { type: string; path?: string }[] };
  };
  const path = (type: string): string | undefined => spec.linux.namespaces.find((each) => each.type === type)?.path;
  assert.deepEqual([path('ipc'), path('pid')], [paths.ipcPath, paths.pidPath]);
  await assert.rejects(
    bundle.spec(record),
    /cannot join IPC of container f+: it is not running|no \/dev\/shm to share/,
  );
});

test('the network namespace given is joined', async () => {
  const name = `pouch-spec-${process.pid}`;
  await exec('ip', ['netns', 'add', name]);
  try {
    const { ino } = await import('node:fs/promises').then(async ({ stat }) => await stat(`/run/netns/${name}`));
    const { net } = await namespaces({}, { sandbox: { netnsPath: `/run/netns/${name}` } });
    assert.equal(net, `net:[${ino}]`);
  } finally {
    await exec('ip', ['netns', 'delete', name]);
  }
});

test('--init: the init is process 1; without one on the host the error says what to install', async () => {
  const init = join(bundle.directory, 'init');
  await copyFile('/usr/bin/busybox', init);
  // busybox by another name cannot be an init here: a script with its own shell shows what it was given.
  await writeFile(init, '#!/bin/sh\nshift\necho "init for $*"\nexec "$@"\n', { mode: 0o755 });
  const request = { Cmd: ['busybox', 'echo', 'done'], HostConfig: { Init: true } };
  const out = await bundle.run(request, { spec: { initPath: init } });
  assert.equal(out.stdout, 'init for busybox echo done\ndone\n');
  await assert.rejects(bundle.run(request), /install tini or catatonit/);
});

test('an exec has the user, rights and environment of the container unless told otherwise', async () => {
  const record = await bundle.prepare({
    Cmd: ['true'],
    User: 'ann',
    Env: ['A=1'],
    WorkingDir: '/tmp',
    HostConfig: { CapDrop: ['ALL'] },
  });
  const rootfs = new RootfsView([{ type: 'bind', source: bundle.rootfs, options: [] }]);
  const host = await readHostFacts();
  const plain = await buildExecProcess(record, { Cmd: ['id'] }, { host, rootfs });
  assert.deepEqual(plain.user, { uid: 1000, gid: 1000, additionalGids: [1000, 44] });
  assert.deepEqual([plain.cwd, plain.capabilities?.effective, plain.terminal], ['/tmp', [], false]);
  assert.ok(plain.env?.includes('A=1') && plain.env.includes('HOME=/home/ann'));
  const other = await buildExecProcess(
    record,
    { Cmd: ['sh'], User: '0', Privileged: true, Tty: true, Env: ['A=2'], WorkingDir: '/', ConsoleSize: [24, 80] },
    { host, rootfs },
  );
  assert.deepEqual([other.user.uid, other.cwd, other.consoleSize], [0, '/', { height: 24, width: 80 }]);
  assert.deepEqual(other.capabilities?.effective, host.boundingCapabilities);
  assert.ok(other.env?.includes('A=2') && other.env.includes('TERM=xterm'));
  await assert.rejects(buildExecProcess(record, { Cmd: [] }, { host, rootfs }), /No exec command specified/);
});
