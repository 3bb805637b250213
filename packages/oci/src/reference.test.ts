import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalString, familiarString, parseReference, withDefaultTag, withDigest, withTag } from './reference.ts';

const HEX = 'a'.repeat(64);

test('familiar names become full ones and back', () => {
  const cases: [string, string, string][] = [
    ['busybox', 'docker.io/library/busybox', 'busybox:latest'],
    ['user/app:1', 'docker.io/user/app:1', 'user/app:1'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox', 'busybox:latest'],
    ['localhost/x', 'localhost/x', 'localhost/x:latest'],
    ['localhost:5000/x/y__z:T', 'localhost:5000/x/y__z:T', 'localhost:5000/x/y__z:T'],
    ['[::1]:5000/x', '[::1]:5000/x', '[::1]:5000/x:latest'],
    [`x:1@sha256:${HEX}`, `docker.io/library/x:1@sha256:${HEX}`, `x:1@sha256:${HEX}`],
  ];
  for (const [text, canonical, familiar] of cases) {
    const reference = parseReference(text);
    assert.equal(canonicalString(reference), canonical);
    assert.equal(familiarString(withDefaultTag(reference)), familiar);
  }
});

test('what is no reference is refused in the words of Docker', () => {
  const cases: [string, string][] = [
    ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
    ['example.com/Foo:1', 'invalid reference format: repository name (Foo) must be lowercase'],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ['a'.repeat(300), 'invalid reference format: repository name must not be more than 255 characters'],
    ...[
      '',
      'x:',
      'a//b',
      '/a',
      'a/',
      '-a',
      'a..b',
      'a@b',
      'a@sha256:1',
      'a b',
      'a:b:c',
      `a:${'t'.repeat(129)}`,
      '../a',
      'a\n',
    ].map((text): [string, string] => [text, 'invalid reference format']),
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseReference(text), { code: 'invalid-argument', message }, text);
  }
});

test('tags and digests replace each other', () => {
  const reference = parseReference('x:1');
  assert.equal(familiarString(withDigest(reference, `sha256:${HEX}`)), `x@sha256:${HEX}`);
  assert.equal(familiarString(withTag(reference, '2')), 'x:2');
  assert.throws(() => withTag(reference, '-'), /invalid tag format/);
});
