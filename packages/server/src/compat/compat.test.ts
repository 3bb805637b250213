import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInspect, ContainerSummary, ImageSummary, SystemInfo } from '@pouch/api';
import { adaptCreateRequest } from './container-create.ts';
import { adaptContainerInspect, adaptContainerSummary } from './container-shapes.ts';
import { adaptImageSummary } from './image-shapes.ts';
import { adaptInfo } from './system-shapes.ts';

test('a MAC address moves from the container to the endpoint of its network', () => {
  const mac = '02:42:ac:11:00:02';
  const cases: [network: string | undefined, endpoint: string][] = [
    [undefined, 'bridge'],
    ['default', 'bridge'],
    ['mine', 'mine'],
  ];
  for (const [mode, endpoint] of cases) {
    const HostConfig = mode === undefined ? {} : { NetworkMode: mode };
    const adapted = adaptCreateRequest({ Image: 'a', MacAddress: mac, HostConfig }, 43);
    assert.equal(adapted.MacAddress, undefined);
    assert.deepEqual(adapted.NetworkingConfig, { EndpointsConfig: { [endpoint]: { MacAddress: mac } } });
  }
  const host = { Image: 'a', MacAddress: mac, HostConfig: { NetworkMode: 'host' } };
  assert.equal(adaptCreateRequest(host, 43).NetworkingConfig, undefined);
  const both = {
    Image: 'a',
    MacAddress: mac,
    NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: '02:00:00:00:00:01', Aliases: ['x'] } } },
  };
  assert.deepEqual(adaptCreateRequest(both, 44).NetworkingConfig, both.NetworkingConfig);
});

test('fields that the client cannot know are not heeded', () => {
  const request = {
    Image: 'a',
    Healthcheck: { Interval: 1, StartInterval: 2 },
    HostConfig: { KernelMemory: 5, Annotations: { a: 'b' }, Memory: 1 },
  };
  assert.deepEqual(adaptCreateRequest(request, 41), {
    Image: 'a',
    Healthcheck: { Interval: 1 },
    HostConfig: { KernelMemory: 5, Memory: 1 },
  });
  assert.deepEqual(adaptCreateRequest(request, 51).HostConfig, { Annotations: { a: 'b' }, Memory: 1 });
});

test('lists and details take the form of their version', () => {
  const Descriptor = { mediaType: 'm', digest: 'sha256:a', size: 1 };
  const summary = {
    Id: 'c',
    HostConfig: { NetworkMode: 'bridge', Annotations: { a: 'b' } },
    ImageManifestDescriptor: Descriptor,
  } as unknown as ContainerSummary;
  assert.deepEqual(adaptContainerSummary(summary, 41), { Id: 'c', HostConfig: { NetworkMode: 'bridge' } });
  assert.deepEqual(adaptContainerSummary(summary, 48), summary);

  const container = {
    Id: 'abcdef012345ff',
    Config: {},
    HostConfig: { NetworkMode: 'mine' },
    NetworkSettings: {
      Networks: { mine: { MacAddress: 'm', Aliases: ['web'], DNSNames: ['web', 'abcdef012345'] } },
    },
  } as unknown as ContainerInspect;
  const old = adaptContainerInspect(container, 43);
  assert.equal(old.Config.MacAddress, 'm');
  assert.deepEqual(old.NetworkSettings.Networks.mine, { MacAddress: 'm', Aliases: ['web', 'abcdef012345'] });
  assert.deepEqual(adaptContainerInspect(container, 45).NetworkSettings, container.NetworkSettings);

  const image = { Id: 'i', RepoTags: [], RepoDigests: [], Size: 7, Descriptor } as unknown as ImageSummary;
  assert.deepEqual(adaptImageSummary(image, 42, false), {
    Id: 'i',
    RepoTags: ['<none>:<none>'],
    RepoDigests: ['<none>@<none>'],
    Size: 7,
    VirtualSize: 7,
  });
  assert.deepEqual(adaptImageSummary(image, 48, false), image);

  const info = {
    ContainerdCommit: { ID: 'a' },
    RuncCommit: { ID: 'b' },
    InitCommit: { ID: 'c' },
    Containerd: { Address: 'x' },
  } as unknown as SystemInfo;
  const oldInfo = adaptInfo(info, 41);
  assert.equal(oldInfo.Containerd, undefined);
  assert.equal(oldInfo.KernelMemory, false);
  assert.deepEqual(oldInfo.RuncCommit, { ID: 'b', Expected: 'b' });
});
