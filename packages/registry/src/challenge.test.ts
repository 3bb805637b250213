import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.ts';
import { parseMirrorUrl } from './endpoint.ts';
import { printable } from './failure.ts';
import { InsecureList, registryDomain } from './settings.ts';

const plain = (header: string): unknown[] =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('challenges are split into schemes and parameters', () => {
  const bearer = 'Bearer realm="https://a/t?x=1,2",service="s \\"q\\"", scope=repository:x:pull';
  const expected = ['bearer', { realm: 'https://a/t?x=1,2', service: 's "q"', scope: 'repository:x:pull' }];
  assert.deepEqual(plain(bearer), [expected]);
  assert.deepEqual(plain(`Negotiate, Basic realm="x", ${bearer}`), [
    ['negotiate', {}],
    ['basic', { realm: 'x' }],
    expected,
  ]);
});

test('what is no challenge yields none, and the first of a repeated parameter wins', () => {
  for (const header of ['', ',,,', '"', '=', `Bearer ${'x'.repeat(9000)}`]) assert.deepEqual(plain(header), [], header);
  assert.deepEqual(plain('Bearer realm="a",realm="b"'), [['bearer', { realm: 'a' }]]);
  assert.deepEqual(plain('Bearer realm="unfinished'), [['bearer', {}]]);
});

test('server addresses become domains', () => {
  for (const hub of ['https://index.docker.io/v1/', 'index.docker.io', '', 'docker.io', 'registry-1.docker.io']) {
    assert.equal(registryDomain(hub), 'docker.io');
  }
  assert.equal(registryDomain('https://example.com:5000/v2/'), 'example.com:5000');
});

test('the insecure list takes hosts and networks', async () => {
  const list = new InsecureList(['registry.test:5000', 'plain.test', '10.0.0.0/8', 'fd00::/8']);
  const listed = [
    'registry.test:5000',
    'plain.test:81',
    '10.1.2.3:5000',
    '[fd00::1]:5000',
    '127.0.0.1',
    'localhost:5000',
    '[::1]',
  ];
  for (const domain of listed) assert.equal(await list.has(domain), true, domain);
  for (const domain of ['registry.test', '11.1.2.3', '[fe80::1]:5000'])
    assert.equal(await list.has(domain), false, domain);
});

test('mirrors are plain addresses, and strangers text is kept to a line', () => {
  assert.equal(parseMirrorUrl('https://m.test/docker').href, 'https://m.test/docker/');
  for (const text of ['m.test', 'ftp://m.test', 'https://u:p@m.test', 'https://m.test/?q'])
    assert.throws(() => parseMirrorUrl(text));
  assert.equal(printable('a\r\n\u001b[31mb'), 'a [31mb');
});
