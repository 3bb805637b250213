import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createLogger } from '@pouch/base';
import { JsonFileDriver } from './json-file-driver.ts';
import { Spool } from './spool.ts';
import { SpoolPump } from './spool-pump.ts';

let directory: string;
let spool: Spool;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pouch-pump-'));
  spool = new Spool(join(directory, 'spool'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function pump(fresh: boolean): SpoolPump {
  const driver = new JsonFileDriver({ path: join(directory, 'log'), maxFiles: 1, compress: false });
  const logger = createLogger({ level: 'error', format: 'text', write: () => {} });
  return new SpoolPump({ spool, fresh }, { driver, logger });
}

function logged(): string[] {
  const lines = readFileSync(join(directory, 'log'), 'utf8').trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { log: string }).log);
}

test('a run whose output is in the log is no longer unfinished', async () => {
  spool.reset();
  assert.equal(spool.unfinished, false);
  using running = pump(true);
  assert.equal(spool.unfinished, true);
  appendFileSync(spool.path('stdout'), 'one\ntwo');
  await running.finish();
  assert.equal(spool.unfinished, false);
  assert.deepEqual(logged(), ['one\n', 'two']);
});

test('what a daemon that died left in the spool is taken over once, after the end of the run too', async () => {
  spool.reset();
  const first = pump(true);
  appendFileSync(spool.path('stdout'), 'one\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  first[Symbol.dispose]();
  appendFileSync(spool.path('stdout'), 'two\n');
  // The log got further than the cursor: the next daemon writes this line itself.
  appendFileSync(join(directory, 'log'), '{"log":"two\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}\n');
  assert.equal(spool.unfinished, true);
  using next = pump(false);
  await next.finish();
  assert.deepEqual(logged(), ['one\n', 'two\n']);
  assert.equal(spool.unfinished, false);
});
