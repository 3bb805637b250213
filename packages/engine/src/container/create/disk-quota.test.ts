import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { noQuotas } from '../../quota/no-quotas.testkit.ts';
import { parseDiskQuota, parseQuotaId } from './disk-quota.ts';
import { QuotaClaims } from './quota-claims.ts';

const GIB = 1024 ** 3;

test("Pouch's expressions: one path, several together, each, and inodes", () => {
  assert.equal(parseDiskQuota({}), undefined);
  assert.deepEqual(parseDiskQuota({ DiskQuota: { '/': '10g' } })?.rules, [{ paths: ['/'], bytes: 10 * GIB }]);
  assert.deepEqual(parseDiskQuota({ DiskQuota: { '/a/&/b/../c': '1g:500' } })?.rules, [
    { paths: ['/a', '/c'], bytes: GIB, inodes: 500 },
  ]);
  assert.deepEqual(parseDiskQuota({ DiskQuota: { '.*': '1g' } }), { rules: [], each: { bytes: GIB } });
  assert.deepEqual(parseDiskQuota({ StorageOpt: { size: '1g', inodes: '9' } })?.rules, [
    { paths: ['/'], bytes: GIB, inodes: 9 },
  ]);
});

test('rules that overlap or say nothing are refused', () => {
  const wrong: readonly Parameters<typeof parseDiskQuota>[0][] = [
    { DiskQuota: { '/': '1g', '/&/a': '1g' } },
    { DiskQuota: { '/a': '1g', '/a/': '1g' } },
    { DiskQuota: { '/a&/a': '1g' } },
    { DiskQuota: { '.*': '1g', '/a': '1g' } },
    { DiskQuota: { '/': '1g' }, StorageOpt: { size: '1g' } },
    { StorageOpt: { inodes: '5' } },
    { DiskQuota: { a: '1g' } },
    { DiskQuota: { '': '1g' } },
    { DiskQuota: { '/a&': '1g' } },
    ...['', '0', '-1', '1g:', '1g:0', '1g:x', '1g:1:1', '1x', '9999999p'].map((size) => ({ DiskQuota: { '/': size } })),
  ];
  for (const config of wrong) {
    assert.throws(
      () => parseDiskQuota(config),
      (error) => isErrorCode(error, 'invalid-argument'),
      JSON.stringify(config),
    );
  }
});

test('a quota id is a positive number; none, or a negative one, lets one be chosen', () => {
  assert.equal(parseQuotaId('4242'), 4242);
  for (const text of [undefined, '', '-1']) assert.equal(parseQuotaId(text), undefined);
  for (const text of ['0', 'x', '1.5', '99999999999']) assert.throws(() => parseQuotaId(text));
});

test('a container with the capability that a quota does not hold is refused', () => {
  const quotas = { ...noQuotas(), missing: undefined, bypass: 'CAP_SYS_RESOURCE' };
  assert.throws(
    () => new QuotaClaims(quotas, { DiskQuota: { '/': '1g' } }, ['CAP_CHOWN', 'CAP_SYS_RESOURCE']),
    (error) =>
      isErrorCode(error, 'unsupported') && /does not hold a container with CAP_SYS_RESOURCE/.test(error.message),
  );
  assert.deepEqual(new QuotaClaims(quotas, {}, ['CAP_SYS_RESOURCE']).finish(), []);
});
