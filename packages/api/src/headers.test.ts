import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { decodeAuthConfig, decodeAuthConfigs, decodePathStat, encodeAuthConfig, encodePathStat } from './headers.ts';

test('credentials travel in either base64, padded or not', () => {
  const auth = { username: 'a?>', password: 'ü~~' };
  const padded = encodeAuthConfig(auth);
  assert.equal(padded.length % 4, 0);
  const standard = Buffer.from(JSON.stringify(auth)).toString('base64');
  for (const text of [padded, padded.replace(/=+$/, ''), standard]) assert.deepEqual(decodeAuthConfig(text), auth);
  assert.equal(decodeAuthConfig(''), undefined);
  assert.equal(decodeAuthConfig(undefined), undefined);
  assert.deepEqual(decodeAuthConfigs(Buffer.from('{"r:5000":{"username":"a"}}').toString('base64url')), {
    'r:5000': { username: 'a' },
  });
});

test('a wrong header is refused without repeating its secret', () => {
  const secret = Buffer.from('{"username":"hunter2"').toString('base64');
  for (const text of [
    '???',
    secret,
    Buffer.from('{"username":{"hunter2":1}}').toString('base64'),
    'a'.repeat(70_000),
  ]) {
    assert.throws(
      () => decodeAuthConfig(text),
      (error) => isErrorCode(error, 'invalid-argument') && !/hunter2/.test(error.message),
    );
  }
});

test('facts about a file travel too', () => {
  const stat = { name: 'a', size: 1, mode: 0o755 + 2 ** 31, mtime: '2026-01-02T03:04:05Z', linkTarget: '' };
  assert.deepEqual(decodePathStat(encodePathStat(stat)), stat);
});
