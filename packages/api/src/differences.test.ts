import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT_ENDPOINTS, matchAbsent } from './routes/absent.ts';
import { JSON_OPERATIONS, refusedExample, requestFields } from './differences.ts';
import { matchEndpoint } from './routes/match.ts';

test('fields of requests are found at any depth, and each says what becomes of it', () => {
  const fields = new Map(requestFields('ContainerCreate').map((field) => [field.path, field.treatment?.kind]));
  assert.equal(fields.get('Image'), undefined);
  assert.ok(fields.has('HostConfig.Mounts[].BindOptions.Propagation'));
  assert.equal(fields.get('HostConfig.DeviceRequests'), 'refused');
  assert.equal(fields.get('HostConfig.CpuCount'), 'not-acted-upon');
  assert.equal(fields.get('NetworkingConfig.EndpointsConfig{}.IPAMConfig.LinkLocalIPs'), 'refused');
  assert.ok(JSON_OPERATIONS.includes('NetworkCreate'));
});

test('an example of what is refused stands in the objects around it', () => {
  const found = requestFields('ContainerCreate').find(({ path }) => path === 'HostConfig.Mounts[].ImageOptions');
  assert.ok(found?.treatment?.kind === 'refused');
  assert.deepEqual(refusedExample(found.path, found.treatment), {
    HostConfig: { Mounts: [{ Type: 'volume', Target: '/x', ImageOptions: {} }] },
  });
});

test('what is absent is found, with its name in the message, and hides no endpoint', () => {
  for (const { method, path } of ABSENT_ENDPOINTS) {
    const concrete = path.replace(/\{\w+\}/g, 'some');
    assert.equal(matchAbsent(method, concrete)?.path, path);
    assert.notEqual(matchEndpoint(method, concrete).kind, 'found', `${method} ${path} is there`);
  }
  assert.equal(matchAbsent('GET', '/plugins/a/b/json')?.message, 'plugin "a/b" not found');
  assert.equal(matchAbsent('GET', '/swarmed'), undefined);
  assert.equal(matchAbsent('GET', '/nodes/a/b'), undefined);
});
