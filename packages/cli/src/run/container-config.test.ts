import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest } from '@pouch/api';
import { parseFlags } from '../flags/parse.ts';
import { containerConfig } from './container-config.ts';
import { CONTAINER_FLAGS, type ContainerFlags } from './container-flags.ts';

function build(line: string, ...more: string[]): ContainerCreateRequest {
  const parsed = parseFlags(CONTAINER_FLAGS, [...line.split(' '), ...more], false);
  const [image = '', ...command] = parsed.args;
  return containerConfig(parsed.values as ContainerFlags, parsed.given, image, command);
}

test('a plain run attaches output only, and leaves the image its command', () => {
  const config = build('busybox');
  assert.deepEqual(
    [config.AttachStdin, config.AttachStdout, config.AttachStderr, config.OpenStdin, config.StdinOnce],
    [false, true, true, false, false],
  );
  assert.equal('Cmd' in config || 'Entrypoint' in config, false);
  assert.deepEqual(config.HostConfig?.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  assert.equal(config.HostConfig?.NetworkMode, 'default');
  assert.deepEqual(config.NetworkingConfig, { EndpointsConfig: {} });
});

test('published ports: ranges, addresses, protocols', () => {
  const config = build('-p 8080:80 -p 127.0.0.1:53:53/udp -p [::1]:9000-9001:90-91 -p 70 -p 7000-7010:7 x');
  assert.deepEqual(config.HostConfig?.PortBindings, {
    '80/tcp': [{ HostIp: '', HostPort: '8080' }],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
    '90/tcp': [{ HostIp: '::1', HostPort: '9000' }],
    '91/tcp': [{ HostIp: '::1', HostPort: '9001' }],
    '70/tcp': [{ HostIp: '', HostPort: '' }],
    '7/tcp': [{ HostIp: '', HostPort: '7000-7010' }],
  });
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}).toSorted(), [
    '53/udp',
    '7/tcp',
    '70/tcp',
    '80/tcp',
    '90/tcp',
    '91/tcp',
  ]);
  assert.throws(() => build('-p foo x'), /invalid containerPort: foo/);
  assert.throws(() => build('-p 1-3:1-2 x'), /invalid ranges/);
  assert.throws(() => build('-p 99999 x'), /invalid containerPort/);
});

test('volumes: relative paths become absolute, a path alone is an anonymous volume', () => {
  const config = build('-v ./src:/src:ro -v data:/data -v /cache --tmpfs /run:size=64m x');
  assert.deepEqual(config.HostConfig?.Binds, [`${process.cwd()}/src:/src:ro`, 'data:/data']);
  assert.deepEqual(config.Volumes, { '/cache': {} });
  assert.deepEqual(config.HostConfig?.Tmpfs, { '/run': 'size=64m' });
  assert.throws(() => build('-v a:b:c:d x'), /too many colons/);
});

test('--mount', () => {
  const config = build('x');
  assert.equal(config.HostConfig?.Mounts, undefined);
  const mounts = build(
    '--mount type=bind,src=/a,dst=/b,readonly,bind-propagation=rshared --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777 --mount source=v,target=/v,volume-opt=o=x,"volume-label=a=b" x',
  ).HostConfig?.Mounts;
  assert.deepEqual(mounts, [
    { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: { Propagation: 'rshared' } },
    { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
    {
      Type: 'volume',
      Source: 'v',
      Target: '/v',
      VolumeOptions: { DriverConfig: { Options: { o: 'x' } }, Labels: { a: 'b' } },
    },
  ]);
  assert.throws(() => build('--mount type=foo x'), /unknown mount type/);
  assert.throws(() => build('--mount type=bind,src=/a x'), /target is required/);
});

test('networks: the advanced syntax, and the flags for the first', () => {
  const config = build('--network name=n,alias=A,ip=10.0.0.2 --network m --network-alias b x'.replace(',alias=A', ''));
  assert.equal(config.HostConfig?.NetworkMode, 'n');
  assert.deepEqual(config.NetworkingConfig?.EndpointsConfig, {
    n: { IPAMConfig: { IPv4Address: '10.0.0.2' }, Aliases: ['b'] },
    m: {},
  });
  assert.throws(() => build('--network host --network m x'), /cannot attach both/);
  assert.throws(() => build('--network name=n,ip=1.2.3.4 --ip 1.2.3.5 x'), /conflicting options/);
});

test('limits', () => {
  const config = build(
    '-m 1g --cpus 1.5 --pids-limit -1 --memory-swap -1 --ulimit nofile=10:20 --restart on-failure:3 --device /dev/null:/dev/x:r x',
  );
  const host = config.HostConfig;
  assert.deepEqual(
    [host?.Memory, host?.NanoCpus, host?.PidsLimit, host?.MemorySwap],
    [1073741824, 1_500_000_000, -1, -1],
  );
  assert.deepEqual(host?.Ulimits, [{ Name: 'nofile', Soft: 10, Hard: 20 }]);
  assert.deepEqual(host?.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.deepEqual(host?.Devices, [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }]);
  assert.throws(() => build('--rm --restart always x'), /cannot specify both --restart and --rm/);
  assert.throws(() => build('--device nvidia.com/gpu=all x'), /Container Device Interface/);
});

test('what Docker has and this host never can is refused with a reason', () => {
  assert.throws(() => build('--isolation hyperv x'), /not supported: it is for Windows/);
  assert.throws(() => build('--use-api-socket x'), /not supported/);
});

test('an empty entrypoint is sent, for it clears that of the image', () => {
  assert.deepEqual(build('--entrypoint= x').Entrypoint, ['']);
});
