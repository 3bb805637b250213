import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import type { BuildKitBuildRequest } from './build-kit-service.ts';
import { toSolveRequest } from './solve-request.ts';

const PLAIN: BuildKitBuildRequest = {
  tags: [],
  buildArgs: {},
  labels: {},
  noCache: false,
  pull: false,
  extraHosts: [],
  shmSize: 0,
  ulimits: [],
  cacheFrom: [],
  outputs: [],
};

test('local images come before those of registries, unless a pull is asked for', () => {
  const mode = (pull: boolean) =>
    toSolveRequest({ ...PLAIN, pull }, 'r', undefined).FrontendAttrs?.['image-resolve-mode'];
  assert.equal(mode(false), 'local');
  assert.equal(mode(true), 'pull');
});

test("a build's options become the frontend's attributes", () => {
  const request = toSolveRequest(
    {
      ...PLAIN,
      tags: ['a', 'b'],
      dockerfile: 'D',
      target: 't',
      platform: 'linux/arm64',
      buildArgs: { A: '1', NONE: null, BUILDKIT_INLINE_CACHE: 'true' },
      labels: { l: 'v' },
      noCache: true,
      networkMode: 'host',
      extraHosts: ['x:10.0.0.1', 'six:fd00::1', 'me:host-gateway'],
      shmSize: 5,
      ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      session: 's',
    },
    'ref',
    'http://c',
    '172.29.0.1',
  );
  assert.deepEqual(request.FrontendAttrs, {
    'image-resolve-mode': 'local',
    'cache-from': '',
    context: 'http://c',
    target: 't',
    filename: 'D',
    platform: 'linux/arm64',
    'no-cache': '',
    'build-arg:A': '1',
    'build-arg:BUILDKIT_INLINE_CACHE': 'true',
    'label:l': 'v',
    'force-network-mode': 'host',
    'add-hosts': 'x=10.0.0.1,six=fd00::1,me=172.29.0.1',
    'shm-size': '5',
    ulimit: 'nofile=1:2',
  });
  assert.deepEqual(request.Entitlements, ['network.host']);
  assert.deepEqual(request.Exporters, [{ Type: 'moby', Attrs: { name: 'a,b' } }]);
  assert.deepEqual(request.Cache?.Exports, [{ Type: 'inline', Attrs: {} }]);
  assert.equal(request.Session, 's');
});

test('outputs: files for the client, the cache alone, no more than one', () => {
  const exporters = (...outputs: BuildKitBuildRequest['outputs']) =>
    toSolveRequest({ ...PLAIN, tags: ['a'], outputs }, 'r', undefined).Exporters;
  assert.deepEqual(exporters({ Type: 'tar', Attrs: { x: 'y' } }), [{ Type: 'tar', Attrs: { x: 'y' } }]);
  assert.deepEqual(exporters({ Type: 'cacheonly', Attrs: {} }), []);
  assert.deepEqual(exporters({ Type: 'image', Attrs: {} }), [{ Type: 'moby', Attrs: { name: 'a' } }]);
  const wrong: (() => unknown)[] = [
    () => exporters({ Type: 'tar', Attrs: {} }, { Type: 'tar', Attrs: {} }),
    () => toSolveRequest({ ...PLAIN, networkMode: 'mine' }, 'r', undefined),
    () => toSolveRequest({ ...PLAIN, extraHosts: ['x'] }, 'r', undefined),
    () => toSolveRequest({ ...PLAIN, extraHosts: ['x:host-gateway'] }, 'r', undefined),
  ];
  for (const build of wrong) assert.throws(build, (error) => isErrorCode(error, 'invalid-argument'));
});
