import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { prepare, TEST_ID, testContext, testImage } from './create.testkit.ts';
import { prepareContainer, validateContainerName } from './prepare-container.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pouch-create-'));
});
after(async () => await rm(root, { recursive: true }));

test('what is left open is decided as Docker does', async () => {
  const { config, hostConfig, path, args, endpoints, runtime, warnings } = await prepare(testContext(root), {
    Cmd: ['sh', '-c', 'x'],
    HostConfig: { Memory: 64 * 2 ** 20, NetworkMode: 'default' },
  });
  assert.equal(config.Hostname, TEST_ID.slice(0, 12));
  assert.deepEqual([path, args, runtime, warnings], ['sh', ['-c', 'x'], 'runc', []]);
  assert.deepEqual(Object.keys(endpoints), ['bridge']);
  const { NetworkMode, IpcMode, CgroupnsMode, ShmSize, MemorySwap, RestartPolicy, LogConfig, ConsoleSize } = hostConfig;
  assert.deepEqual([NetworkMode, IpcMode, CgroupnsMode, ShmSize], ['bridge', 'private', 'private', 67108864]);
  assert.equal(MemorySwap, 128 * 2 ** 20);
  assert.deepEqual(RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  assert.deepEqual(LogConfig, { Type: 'json-file', Config: { 'max-size': '10m' } });
  assert.deepEqual(ConsoleSize, [0, 0]);
  assert.ok(hostConfig.MaskedPaths?.includes('/proc/kcore') && hostConfig.ReadonlyPaths?.includes('/proc/sys'));
  const open = await prepare(testContext(root), { HostConfig: { Privileged: true } });
  assert.deepEqual([open.hostConfig.MaskedPaths, open.hostConfig.ReadonlyPaths], [[], []]);
  const v1 = { ...testContext(root), host: { ...testContext(root).host, cgroupVersion: 1 as const } };
  assert.equal((await prepare(v1)).hostConfig.CgroupnsMode, 'host');
  assert.equal((await prepare(testContext(root), { HostConfig: { NetworkMode: 'host' } })).config.Hostname, 'host');
});

test('the config is merged with the image', async () => {
  const image = {
    Env: ['PATH=/bin', 'A=image'],
    Entrypoint: ['/entry'],
    Cmd: ['default'],
    Labels: { a: '1', b: '1' },
    ExposedPorts: { '80/tcp': {} },
    User: 'web',
    WorkingDir: '/srv',
    StopSignal: 'SIGQUIT',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
    Volumes: { '/data': {} },
  };
  const run = async (request: object) => await prepareContainer(request, testImage(image), testContext(root));
  const { config, path, args } = await run({
    Env: ['A=user', 'B'],
    Labels: { b: '2' },
    Healthcheck: { Interval: 2e9 },
  });
  assert.deepEqual(config.Env, ['A=user', 'B', 'PATH=/bin']);
  assert.deepEqual(config.Labels, { a: '1', b: '2' });
  assert.deepEqual([config.User, config.WorkingDir, config.StopSignal], ['web', '/srv', 'SIGQUIT']);
  assert.deepEqual(config.Healthcheck, { Test: ['CMD', 'true'], Interval: 2e9 });
  assert.deepEqual([path, args], ['/entry', ['default']]);
  const commands = [
    [{ Cmd: ['mine'] }, '/entry', ['mine']],
    [{ Entrypoint: ['/mine'] }, '/mine', []],
    [{ Entrypoint: [], Cmd: ['mine'] }, 'mine', []],
    [{ Entrypoint: [''], Cmd: ['mine'] }, 'mine', []],
  ] as const;
  for (const [request, wantPath, wantArgs] of commands) {
    const result = await run(request);
    assert.deepEqual([result.path, result.args], [wantPath, wantArgs], JSON.stringify(request));
  }
  await assert.rejects(run({ Entrypoint: [''] }), /no command specified/);
});

test('mounts: -v, --mount, --volumes-from and volumes of the image', async () => {
  const other = {
    id: 'f'.repeat(64),
    name: 'other',
    ipcMode: 'private',
    mounts: [
      { Type: 'bind', Source: '/srv', Destination: '/srv', Mode: '', RW: true, Propagation: 'rprivate' },
      { Type: 'bind', Source: '/old', Destination: '/b', Mode: '', RW: true, Propagation: 'rprivate' },
    ] as const,
  };
  const context = testContext(root, [other]);
  const { mounts } = await prepare(
    context,
    {
      HostConfig: {
        Binds: ['/tmp/../tmp:/b/:ro,rslave', 'data:/d:nocopy', '/anonymous'],
        Mounts: [
          { Type: 'volume', Target: '/m', VolumeOptions: { Labels: { a: 'b' } } },
          { Type: 'bind', Source: '/tmp', Target: '/t' },
        ],
        VolumesFrom: ['other:ro'],
        Tmpfs: { '/scratch/': '' },
      },
    },
    { Volumes: { '/image': {}, '/b': {}, '/scratch': {} } },
  );
  const short = mounts.map(
    ({ Type, Name, Source, Destination, RW, Propagation, anonymous = false, copyUp = false }) => [
      Destination,
      Type,
      Type === 'bind' ? Source : Name === 'data',
      RW,
      Propagation,
      anonymous,
      copyUp,
    ],
  );
  assert.deepEqual(short, [
    ['/srv', 'bind', '/srv', false, 'rprivate', false, false],
    ['/b', 'bind', '/tmp', false, 'rslave', false, false],
    ['/d', 'volume', true, true, '', false, false],
    ['/anonymous', 'volume', false, true, '', true, true],
    ['/m', 'volume', false, true, '', true, true],
    ['/t', 'bind', '/tmp', true, 'rprivate', false, false],
    ['/image', 'volume', false, true, '', true, true],
  ]);
});

test('volumes that a failing create made are gone again; those of others stay', async () => {
  const context = testContext(root);
  await context.volumes.ensure('mine', {});
  const prepared = await prepare(context, {
    Volumes: { '/anon': {} },
    HostConfig: { Binds: ['mine:/a', 'new:/b', 'shared:/c'] },
  });
  assert.equal(context.volumes.made.size, 4);
  await prepare(context, { HostConfig: { Binds: ['shared:/c'] } });
  await prepared.dispose();
  assert.deepEqual([...context.volumes.made.keys()], ['mine', 'shared']);
  const kept = await prepare(context, { HostConfig: { Binds: ['kept:/k'] } });
  await kept.keep();
  await kept.dispose();
  assert.ok(context.volumes.made.has('kept'));
});

test('namespaces of other containers are named by id', async () => {
  const other = { id: 'f'.repeat(64), name: 'other', ipcMode: 'private', mounts: [] };
  const context = testContext(root, [other]);
  const joined = await prepare(context, { HostConfig: { NetworkMode: 'container:other', PidMode: 'container:other' } });
  assert.equal(joined.hostConfig.NetworkMode, `container:${other.id}`);
  assert.deepEqual(joined.endpoints, {});
  assert.equal(joined.config.Hostname, undefined);
  const refused = prepare(context, { HostConfig: { IpcMode: 'container:other' } });
  await assert.rejects(refused, /non-shareable container other/);
  const gone = prepare(context, { HostConfig: { PidMode: 'container:gone' } });
  await assert.rejects(gone, (error) => isErrorCode(error, 'not-found'));
});

test('endpoints: static addresses on user networks only, MAC addresses, networks to come', async () => {
  const context = testContext(root);
  const mac = '02:42:ac:11:00:02';
  const address = { IPAMConfig: { IPv4Address: '10.1.0.5' } };
  const made = await prepare(context, {
    MacAddress: mac,
    HostConfig: { NetworkMode: 'web' },
    NetworkingConfig: { EndpointsConfig: { web: address, db: { Aliases: ['a'] } } },
  });
  assert.deepEqual(made.endpoints, { web: { ...address, MacAddress: mac }, db: { Aliases: ['a'] } });
  // Whether it is there is seen at the start.
  const later = await prepare(context, { HostConfig: { NetworkMode: 'missing' } });
  assert.deepEqual(later.endpoints, { missing: {} });
  const bad = [
    [
      { NetworkingConfig: { EndpointsConfig: { bridge: address } } },
      /user-specified IP address is supported on user-defined networks only/,
    ],
    [{ HostConfig: { NetworkMode: 'host' }, NetworkingConfig: { EndpointsConfig: { web: {} } } }, /cannot attach both/],
    [{ MacAddress: 'zz' }, /invalid MAC address: zz/],
    [{ MacAddress: '01:00:00:00:00:01' }, /multicast/],
  ] as const;
  for (const [request, message] of bad) await assert.rejects(prepare(context, request as object), message);
});

test('container names', () => {
  validateContainerName('/web-1.a_b');
  for (const name of ['', 'a', '-a', 'a/b', 'a b', 'ä1', '../x', 'a'.repeat(256)]) {
    assert.throws(() => validateContainerName(name), /Invalid container name/, name);
  }
});
