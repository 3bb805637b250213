import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { toBuildCache, toPruneRequest } from './build-cache.ts';

test("filters are put in BuildKit's language", () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  const of = (filters: Record<string, string[]>) => toPruneRequest({ all: true, filters }, now);
  assert.deepEqual(of({ until: ['24h'] })?.keepDuration, 86_400_000_000_000n);
  assert.deepEqual(of({ 'unused-for': ['2026-01-01T00:00:00Z'] })?.keepDuration, 86_400_000_000_000n);
  assert.deepEqual(of({ id: ['ab"c'], type: ['regular'] })?.filter, ['id~="ab\\"c",type=="regular"']);
  assert.deepEqual(of({ inuse: [] })?.filter, ['inuse']);
  assert.deepEqual(of({}), {
    all: true,
    keepDuration: 0n,
    reservedSpace: 0n,
    maxUsedSpace: 0n,
    minFreeSpace: 0n,
    filter: [],
  });
  assert.equal(of({ label: ['a=b'], until: ['24h'] }), undefined, 'nothing has a label');
  assert.deepEqual(of({ 'label!': ['a=b'] }), of({}));
  const wrong: Record<string, string[]>[] = [
    { colour: ['red'] },
    { label: ['a'], colour: ['red'] },
    { until: ['1h', '2h'] },
    { until: ['soon'] },
    { until: ['1h'], 'unused-for': ['1h'] },
    { type: ['a', 'b'] },
  ];
  for (const filters of wrong) {
    assert.throws(
      () => of(filters),
      (error) => isErrorCode(error, 'invalid-argument'),
      JSON.stringify(filters),
    );
  }
});

test("a record has the fields and times of Docker's", () => {
  const record = {
    ID: 'a',
    Mutable: false,
    InUse: true,
    Size: 5n,
    Parent: '',
    CreatedAt: { seconds: 1_700_000_000n, nanos: 5 },
    LastUsedAt: undefined,
    UsageCount: 2n,
    Description: 'd',
    RecordType: 'regular',
    Shared: false,
    Parents: ['p'],
  };
  assert.deepEqual(toBuildCache(record), {
    ID: 'a',
    Parents: ['p'],
    Type: 'regular',
    Description: 'd',
    InUse: true,
    Shared: false,
    Size: 5,
    CreatedAt: '2023-11-14T22:13:20.000000005Z',
    LastUsedAt: null,
    UsageCount: 2,
  });
});
