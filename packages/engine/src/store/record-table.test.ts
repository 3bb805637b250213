import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { Database } from './database.ts';
import { RecordTable } from './record-table.ts';

test('records survive reopening, and a name belongs to one id', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-store-'));
  try {
    {
      using db = new Database(join(directory, 'a/b.db'));
      const table = new RecordTable<{ n: number }>(db, 'container');
      table.put('1', { n: 1 }, 'web');
      table.put('1', { n: 2 }, 'web');
      assert.throws(
        () => table.put('2', { n: 3 }, 'web'),
        (error) => isErrorCode(error, 'already-exists'),
      );
      new RecordTable(db, 'network').put('1', { n: 9 }, 'web');
    }
    using db = new Database(join(directory, 'a/b.db'));
    const table = new RecordTable<{ n: number }>(db, 'container');
    assert.deepEqual(table.all(), [{ id: '1', name: 'web', value: { n: 2 } }]);
    assert.equal(table.delete('1'), true);
    assert.equal(table.get('1'), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a transaction that throws leaves nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-store-'));
  try {
    using db = new Database(join(directory, 'x.db'));
    const table = new RecordTable<number>(db, 'volume');
    assert.throws(() =>
      db.transaction(() => {
        table.put('a', 1);
        throw new Error('no');
      }),
    );
    assert.deepEqual(table.all(), []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
