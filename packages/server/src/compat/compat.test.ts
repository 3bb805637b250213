import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ContainerCreateRequest,
  ContainerInspect,
  ContainerSummary,
  EventMessage,
  ImageInspect,
  ImageSummary,
  parse,
  SystemDataUsage,
  SystemInfo,
  versionShape,
} from '@pouch/api';
import { isErrorCode } from '@pouch/base';
import { adaptCreateRequest } from './container-create.ts';
import { adaptContainerInspect } from './container-shapes.ts';
import { adaptEvent } from './events.ts';
import { adaptImageInspect, adaptImageSummary } from './image-shapes.ts';
import { adaptDiskUsage, adaptInfo } from './system-shapes.ts';

/** Versions of clients in daily use. */
const VERSIONS = [41, 43, 45, 47, 48, 51, 52, 56];

/** By version: whether it has the field. */
function versionsWith(shape: (version: number) => unknown, field: string): number[] {
  return VERSIONS.filter((version) => {
    const value = field.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], shape(version));
    return value !== undefined;
  });
}

const from = (first: number): number[] => VERSIONS.filter((version) => version >= first);
const to = (last: number): number[] => VERSIONS.filter((version) => version <= last);
const Descriptor = { mediaType: 'm', digest: 'sha256:a', size: 1 };

function refused(request: ContainerCreateRequest, version: number, message: RegExp): void {
  assert.throws(
    () => adaptCreateRequest(request, version),
    (error) => isErrorCode(error, 'invalid-argument') && message.test(String(error)),
  );
}

test('a MAC address moves from the container to the endpoint of its network', () => {
  const mac = '02:42:ac:11:00:02';
  const cases: [network: string | undefined, endpoint: string][] = [
    [undefined, 'bridge'],
    ['default', 'bridge'],
    ['mine', 'mine'],
  ];
  for (const [mode, endpoint] of cases) {
    for (const version of to(51)) {
      const HostConfig = mode === undefined ? {} : { NetworkMode: mode };
      const { request, warnings } = adaptCreateRequest({ Image: 'a', MacAddress: mac, HostConfig }, version);
      assert.equal(request.MacAddress, undefined);
      assert.deepEqual(request.NetworkingConfig, { EndpointsConfig: { [endpoint]: { MacAddress: mac } } });
      assert.equal(warnings.length, version < 44 ? 0 : 1);
    }
  }
  refused({ MacAddress: mac, HostConfig: { NetworkMode: 'host' } }, 43, /mac-address and the network mode/);
  const both = {
    MacAddress: mac,
    NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: '02:00:00:00:00:01' } } },
  };
  refused(both, 44, /must match/);
  assert.deepEqual(adaptCreateRequest(both, 43).request.NetworkingConfig?.EndpointsConfig?.bridge, { MacAddress: mac });
});

test('fields that the client cannot know are not heeded', () => {
  const given = {
    Image: 'a',
    Healthcheck: { Interval: 1, StartInterval: 2 },
    HostConfig: { KernelMemory: 5, Annotations: { a: 'b' }, Memory: 1, Umask: 7 },
  };
  const read = (minor: number): unknown => parse(ContainerCreateRequest, given, { minor });
  assert.deepEqual(read(40), {
    Image: 'a',
    Healthcheck: { Interval: 1 },
    HostConfig: { KernelMemory: 5, Memory: 1 },
  });
  assert.deepEqual(read(51), {
    Image: 'a',
    Healthcheck: { Interval: 1, StartInterval: 2 },
    HostConfig: { Annotations: { a: 'b' }, Memory: 1 },
  });
  assert.deepEqual((read(56) as ContainerCreateRequest).HostConfig?.Umask, 7);
});

test('what an old client cannot mean is refused where ignoring it would do harm', () => {
  const mount = (of: object): ContainerCreateRequest => parse(ContainerCreateRequest, { HostConfig: { Mounts: [of] } });
  const recursive = mount({ Type: 'bind', ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } });
  refused(recursive, 43, /needs API v1.44/);
  assert.ok(adaptCreateRequest(recursive, 44));
  refused(mount({ Type: 'volume', VolumeOptions: { Subpath: 'a' } }), 43, /needs API v1.45/);
  refused(mount({ Type: 'image' }), 47, /needs API v1.48/);
  refused(mount({ Type: 'bind', VolumeOptions: {} }), 42, /must not be specified on mount type "bind"/);
  assert.deepEqual(adaptCreateRequest(mount({ Type: 'bind', VolumeOptions: {} }), 41).request.HostConfig?.Mounts, [
    { Type: 'bind' },
  ]);
  assert.deepEqual(adaptCreateRequest(mount({ Type: 'bind', ReadOnly: true }), 43).request.HostConfig?.Mounts, [
    { Type: 'bind', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
  ]);
  const two = { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } };
  refused(two, 43, /multiple network endpoints: a, b/);
  assert.ok(adaptCreateRequest(two, 44));
});

test('an empty list of port bindings means a free port, and newer clients are told', () => {
  const request = { HostConfig: { PortBindings: { '80/tcp': [] } } };
  assert.deepEqual(adaptCreateRequest(request, 51).request.HostConfig?.PortBindings, { '80/tcp': [{}] });
  assert.deepEqual(adaptCreateRequest(request, 51).warnings, []);
  assert.equal(adaptCreateRequest(request, 52).warnings.length, 1);
});

test('containers take the form of their version', () => {
  const summary = {
    Id: 'c',
    HostConfig: { NetworkMode: 'bridge', Annotations: { a: 'b' } },
    ImageManifestDescriptor: Descriptor,
    Health: { Status: 'healthy', FailingStreak: 0 },
  };
  const listed = (version: number): unknown => versionShape(ContainerSummary, summary, version);
  assert.deepEqual(listed(41), { Id: 'c', HostConfig: { NetworkMode: 'bridge' } });
  assert.deepEqual(versionsWith(listed, 'HostConfig.Annotations'), from(46));
  assert.deepEqual(versionsWith(listed, 'ImageManifestDescriptor'), from(48));
  assert.deepEqual(versionsWith(listed, 'Health'), from(52));
  assert.equal(listed(56), summary, 'nothing is copied for the newest version');

  const container = {
    Id: 'abcdef012345ff',
    Driver: 'overlayfs',
    Config: { Hostname: 'host', MacAddress: 'm' },
    HostConfig: { NetworkMode: 'mine', Umask: 18 },
    Storage: { RootFS: { Snapshot: { Name: 'overlayfs' } } },
    NetworkSettings: { Networks: { mine: { Aliases: ['web'] } } },
  } as unknown as ContainerInspect;
  const shown = (version: number): unknown =>
    versionShape(ContainerInspect, adaptContainerInspect(container, version), version);
  assert.deepEqual((shown(43) as ContainerInspect).NetworkSettings.Networks, {
    mine: { Aliases: ['web', 'abcdef012345', 'host'] },
  });
  assert.deepEqual((shown(45) as ContainerInspect).NetworkSettings.Networks, container.NetworkSettings.Networks);
  for (const old of ['NetworkSettings.IPAddress', 'NetworkSettings.HairpinMode', 'GraphDriver', 'Config.MacAddress']) {
    assert.deepEqual(versionsWith(shown, old), to(51), old);
  }
  assert.deepEqual(versionsWith(shown, 'Config.OnBuild'), to(51));
  assert.deepEqual(versionsWith(shown, 'HostConfig.KernelMemory'), to(41));
  assert.deepEqual(versionsWith(shown, 'HostConfig.Umask'), [56]);
  assert.deepEqual(versionsWith(shown, 'Storage'), from(52));
});

test('images take the form of their version', () => {
  const image = {
    Id: 'i',
    RepoTags: [],
    RepoDigests: [],
    Size: 7,
    Containers: 2,
    Descriptor,
  } as unknown as ImageSummary;
  const listed = (version: number): ImageSummary =>
    versionShape(ImageSummary, adaptImageSummary(image, version, false), version) as ImageSummary;
  assert.deepEqual(listed(41), {
    Id: 'i',
    RepoTags: ['<none>:<none>'],
    RepoDigests: ['<none>@<none>'],
    Size: 7,
    VirtualSize: 7,
    Containers: -1,
  });
  assert.deepEqual(versionsWith(listed, 'Descriptor'), from(48));
  assert.deepEqual(listed(51), image);

  const inspect = {
    Id: 'i',
    Size: 7,
    Config: { Env: ['a=b'] },
    GraphDriver: { Name: 'overlayfs', Data: null },
    Descriptor,
    Identity: { Pull: [] },
  } as unknown as ImageInspect;
  const shown = (version: number): ImageInspect =>
    versionShape(ImageInspect, adaptImageInspect(inspect, version), version) as ImageInspect;
  assert.deepEqual(shown(56), { Id: 'i', Size: 7, Config: { Env: ['a=b'] }, Descriptor, Identity: { Pull: [] } });
  assert.deepEqual(versionsWith(shown, 'VirtualSize'), to(43));
  assert.deepEqual(versionsWith(shown, 'ContainerConfig'), to(44));
  assert.deepEqual(versionsWith(shown, 'Config.Hostname'), to(49));
  for (const filled of ['Config.Cmd', 'Config.Labels', 'Comment', 'Parent', 'GraphDriver']) {
    assert.deepEqual(versionsWith(shown, filled), to(51), filled);
  }
  assert.deepEqual(versionsWith(shown, 'Identity'), from(53));
  assert.equal(shown(43).Created, '0001-01-01T00:00:00Z');
});

test('facts about the host take the form of their version', () => {
  const info = {
    ContainerdCommit: { ID: 'a' },
    RuncCommit: { ID: 'b' },
    InitCommit: { ID: 'c' },
    Containerd: { Address: 'x' },
    FirewallBackend: { Driver: 'nftables' },
    DiscoveredDevices: [],
    RegistryConfig: {},
    Runtimes: { runc: { path: 'runc', status: {} } },
  } as unknown as SystemInfo;
  const shown = (version: number): unknown => versionShape(SystemInfo, adaptInfo(info), version);
  assert.deepEqual(versionsWith(shown, 'KernelMemory'), to(41));
  assert.deepEqual(versionsWith(shown, 'Runtimes.runc.status'), from(44));
  assert.deepEqual(versionsWith(shown, 'Containerd'), from(46));
  assert.deepEqual(versionsWith(shown, 'RuncCommit.Expected'), to(48));
  assert.deepEqual(versionsWith(shown, 'RegistryConfig.AllowNondistributableArtifactsCIDRs'), to(48));
  assert.deepEqual(versionsWith(shown, 'FirewallBackend'), from(49));
  assert.deepEqual(versionsWith(shown, 'BridgeNfIptables'), to(49));
  assert.deepEqual(versionsWith(shown, 'DiscoveredDevices'), from(50));
});

test('disk use has lists of old, and sums with the items among them where the client knows those', () => {
  const usage = {
    LayersSize: 1,
    Images: [],
    ImageUsage: { ActiveCount: 0, TotalCount: 0, Reclaimable: 0, TotalSize: 1, Items: [] },
  };
  const shown = (version: number, verbose: boolean): unknown =>
    versionShape(SystemDataUsage, adaptDiskUsage(usage, version, verbose), version);
  assert.deepEqual(shown(51, true), { LayersSize: 1, Images: [] });
  assert.deepEqual(shown(41, true), { LayersSize: 1, Images: [], BuilderSize: 0 });
  assert.deepEqual(shown(52, false), usage);
  assert.deepEqual(shown(52, true), { ImageUsage: usage.ImageUsage });
});

test('events carry their old fields to old clients only', () => {
  const event: EventMessage = {
    Type: 'container',
    Action: 'start',
    Actor: { ID: 'c', Attributes: { image: 'busybox' } },
    time: 1,
    timeNano: 1,
  };
  const shown = (version: number): unknown => versionShape(EventMessage, adaptEvent(event, version), version);
  assert.deepEqual(shown(51), { ...event, status: 'start', id: 'c', from: 'busybox' });
  assert.deepEqual(shown(52), event);
  const made: EventMessage = { ...event, Type: 'image', Action: 'create' };
  assert.equal(adaptEvent(made, 45), undefined);
  assert.deepEqual(shown(52), event);
});
