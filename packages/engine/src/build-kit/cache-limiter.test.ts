import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageRecord } from '@pouch/buildkit';
import { chooseOldest } from './cache-limiter.ts';

function record(ID: string, size: number, used: number, more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    ID,
    Mutable: false,
    InUse: false,
    Size: BigInt(size),
    Parent: '',
    CreatedAt: { seconds: 1n, nanos: 0 },
    LastUsedAt: { seconds: BigInt(used), nanos: 0 },
    UsageCount: 1n,
    Description: '',
    RecordType: 'regular',
    Shared: true,
    Parents: [],
    ...more,
  };
}

test('what was not used for longest goes, as much as is needed, and nothing that is in use', () => {
  const records = [
    record('new', 40, 30),
    record('old', 40, 10),
    record('running', 40, 5, { InUse: true }),
    record('empty', 0, 1),
    record('middle', 40, 20),
    record('never', 10, 0, { LastUsedAt: undefined }),
  ];
  assert.deepEqual(chooseOldest(records, 200), []);
  assert.deepEqual(chooseOldest(records, 160), ['never']);
  assert.deepEqual(chooseOldest(records, 125), ['never', 'old']);
  assert.deepEqual(chooseOldest(records, 0), ['never', 'old', 'middle', 'new']);
});
