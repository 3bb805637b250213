import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptVersion, compareVersions, negotiateVersion, versionAtLeast } from './version.ts';

test('versions are compared by number', () => {
  assert.ok(compareVersions('1.9', '1.10') < 0);
  assert.ok(versionAtLeast('1.44', '1.44'));
  assert.throws(() => compareVersions('1', '1.2'), /invalid API version '1'/);
});

test('a server answers in the version asked for, within its range', () => {
  assert.equal(acceptVersion(undefined), '1.56');
  assert.equal(acceptVersion('1.24'), '1.24');
  assert.throws(
    () => acceptVersion('1.23'),
    /client version 1\.23 is too old\. Minimum supported API version is 1\.24/,
  );
  assert.throws(
    () => acceptVersion('1.99'),
    /client version 1\.99 is too new\. Maximum supported API version is 1\.56/,
  );
});

test('a client speaks the older of both', () => {
  assert.equal(negotiateVersion('1.41'), '1.41');
  assert.equal(negotiateVersion('1.60'), '1.56');
  assert.equal(negotiateVersion(undefined), '1.24');
});
