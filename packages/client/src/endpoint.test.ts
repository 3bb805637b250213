import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HOST, resolveEndpoint } from './endpoint.ts';

test('the flag comes before POUCH_HOST, that before DOCKER_HOST, that before the default', () => {
  const env = { POUCH_HOST: 'unix:///p', DOCKER_HOST: 'unix:///d' };
  assert.equal(resolveEndpoint({ host: 'unix:///f' }, env).host, 'unix:///f');
  assert.equal(resolveEndpoint({}, env).host, 'unix:///p');
  assert.equal(resolveEndpoint({}, { DOCKER_HOST: 'unix:///d' }).host, 'unix:///d');
  assert.equal(resolveEndpoint({}, {}).host, DEFAULT_HOST);
});

test('tcp addresses, IPv6 and TLS', () => {
  assert.deepEqual(resolveEndpoint({ host: 'tcp://[::1]:2375/base/' }, {}), {
    kind: 'tcp',
    host: 'tcp://[::1]:2375/base/',
    hostname: '::1',
    port: 2375,
    basePath: '/base',
  });
  const secure = resolveEndpoint({ host: 'tcp://h' }, { POUCH_TLS_VERIFY: '1', POUCH_CERT_PATH: '/c' });
  assert.ok(secure.kind === 'tcp' && secure.port === 2376 && secure.tls?.verify && secure.tls.ca === '/c/ca.pem');
});

test('ssh and nonsense are refused', () => {
  assert.throws(() => resolveEndpoint({ host: 'ssh://h' }, {}), /does not connect over ssh/);
  assert.throws(() => resolveEndpoint({ host: 'ftp://h' }, {}), /unable to parse/);
  assert.throws(() => resolveEndpoint({ host: 'tcp://h:99999' }, {}), /unable to parse/);
});
