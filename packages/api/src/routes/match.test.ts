import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { matchEndpoint, splitVersion } from './match.ts';
import { endpointOf, OPERATIONS } from './table.ts';
import { requestUrl } from './url.ts';

test('every operation is found under its own path', () => {
  for (const operation of OPERATIONS) {
    const { method, path, nameHoldsSlashes } = endpointOf(operation);
    const name = nameHoldsSlashes ? 'r.example:5000/a/b@sha256:00' : 'web_1';
    const match = matchEndpoint(method, path.replace(/\{\w+\}/, name).replace(/\{\w+\}$/, 'last'));
    assert.equal(match.kind === 'found' && match.operation, operation, `${method} ${path}`);
    if (match.kind === 'found' && path.includes('{')) {
      assert.deepEqual(Object.values(match.path), /\}.*\}/.test(path) ? [name, 'last'] : [name]);
    }
  }
});

test('image names may look like endpoints', () => {
  const found = (method: string, path: string): unknown => {
    const match = matchEndpoint(method, path);
    return match.kind === 'found' ? [match.operation, match.path['name']] : match;
  };
  assert.deepEqual(found('GET', '/images/json'), ['ImageList', undefined]);
  assert.deepEqual(found('GET', '/images/a/json/json'), ['ImageInspect', 'a/json']);
  assert.deepEqual(found('DELETE', '/images/a/json'), ['ImageDelete', 'a/json']);
  assert.deepEqual(found('GET', '/images/a%2Fb/json'), ['ImageInspect', 'a/b']);
  assert.deepEqual(found('POST', '/images/a/push/tag'), ['ImageTag', 'a/push']);
});

test('what is not there is not found', () => {
  assert.equal(matchEndpoint('GET', '/containers/a/b/json').kind, 'none');
  assert.equal(matchEndpoint('GET', '/containers//json').kind, 'none');
  assert.equal(matchEndpoint('GET', '/').kind, 'none');
  assert.equal(matchEndpoint('GET', '').kind, 'none');
  assert.equal(matchEndpoint('GET', '/constructor').kind, 'none');
  assert.deepEqual(matchEndpoint('GET', '/containers/a/start'), { kind: 'wrong-method', allowed: ['POST'] });
  assert.equal(matchEndpoint('GET', '/networks/').kind, 'found');
});

test('a wrong escape is refused', () => {
  for (const path of ['/containers/%zz/json', '/containers/a%00b/json']) {
    assert.throws(
      () => matchEndpoint('GET', path),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
  }
});

test('a version may stand before the path', () => {
  assert.deepEqual(splitVersion('/v1.44/info'), { version: '1.44', path: '/info' });
  assert.deepEqual(splitVersion('/info'), { version: undefined, path: '/info' });
  assert.deepEqual(splitVersion('/volumes'), { version: undefined, path: '/volumes' });
});

test('a URL leads back to its operation', () => {
  assert.equal(requestUrl('ContainerList', {}), '/v1.56/containers/json');
  // @ts-expect-error: a container has a name
  requestUrl('ContainerStart', {});
  const url = requestUrl('ContainerArchive', { path: { name: 'a b/c' }, query: { path: '/x y' } }, '1.44');
  assert.equal(url, '/v1.44/containers/a%20b%2Fc/archive?path=%2Fx+y');
  assert.equal(requestUrl('ImageInspect', { path: { name: 'r:5000/a/b' } }), '/v1.56/images/r%3A5000/a/b/json');
});
