import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { Database } from './database.ts';
import { LogFlusher } from './log-flusher.ts';
import { RecordTable } from './record-table.ts';

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-store-'));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('one flush serves all who wait, and what comes meanwhile waits for the next', async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, 'log');
    using flusher = new LogFlusher(path);
    await flusher.flushed();
    appendFileSync(path, 'a');
    flusher.appended();
    const first = flusher.flushed();
    const order: string[] = [];
    void first.then(() => order.push('first'));
    await new Promise((resolve) => setImmediate(resolve));
    flusher.appended();
    const second = flusher.flushed().then(() => order.push('second'));
    await Promise.all([first, second, flusher.flushed()]);
    assert.deepEqual(order, ['first', 'second']);
  });
});

test('a disk that refuses is told of to everybody from then on', async () => {
  await inDirectory(async (directory) => {
    // A file that is not there stands for one that cannot be written any more.
    using flusher = new LogFlusher(join(directory, 'nowhere'));
    flusher.appended();
    await assert.rejects(flusher.flushed(), (error) => isErrorCode(error, 'data-loss'));
    await assert.rejects(flusher.flushed(), (error) => isErrorCode(error, 'data-loss'));
  });
});

test('a record that is flushed soon is there after kill -9 without any flush', async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, 'x.db');
    const script = `
      import { Database } from ${JSON.stringify(join(import.meta.dirname, 'database.ts'))};
      import { RecordTable } from ${JSON.stringify(join(import.meta.dirname, 'record-table.ts'))};
      new RecordTable(new Database(${JSON.stringify(path)}), 'container').put('1', { n: 1 }, 'web', 'soon');
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
    assert.equal(signal, 'SIGKILL');
    using db = new Database(path);
    const table = new RecordTable<{ n: number }>(db, 'container');
    assert.deepEqual(table.get('1'), { n: 1 });
    table.put('1', { n: 2 }, 'web', 'soon');
    await db.flushed();
  });
});
