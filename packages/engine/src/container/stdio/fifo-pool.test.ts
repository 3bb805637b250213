import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep } from '@pouch/base';
import { FIFO_NAMES, FifoPool } from './fifo-pool.ts';
import { makeFifos } from './fifo.ts';

test('pipes of a former daemon go at once where nobody writes, else with their last writer', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pouch-fifos-'));
  const [unused, used] = [join(root, 'unused'), join(root, 'used')] as const;
  for (const directory of [unused, used]) {
    mkdirSync(directory);
    await makeFifos(FIFO_NAMES.map((name) => join(directory, name)));
  }
  const writer = openSync(join(used, 'stdout'), constants.O_RDWR | constants.O_NONBLOCK);
  try {
    await new FifoPool(root, 1).start();
    await sleep(200);
    assert.equal(existsSync(unused), false);
    assert.equal(existsSync(used), true);
    closeSync(writer);
    await sleep(200);
    assert.equal(existsSync(used), false);
  } finally {
    rmSync(root, { recursive: true });
  }
});
