import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileWorker } from './file-worker.ts';
import { HeldDirectory } from './held-directory.ts';

test('a worker is clean when nothing is open: after a release, after a failure, and never again once ended', async () => {
  const path = mkdtempSync(join(tmpdir(), 'pouch-worker-'));
  using _path = { [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
  writeFileSync(join(path, 'file'), 'text');
  using root = new HeldDirectory(path);
  const at = (name: string): { root: number; path: string } => ({ root: root.descriptor, path: name });
  const worker = new FileWorker();
  using _worker = { [Symbol.dispose]: () => worker.terminate() };
  assert.equal(worker.clean, true);

  const call = worker.call('openSource', at('/file'));
  assert.equal(worker.clean, false);
  assert.deepEqual((await call).members, ['file']);
  assert.equal(worker.clean, false);
  assert.equal(await worker.call('readText', at('/file')), 'text');
  assert.equal(worker.clean, false);
  await worker.call('release', {});
  assert.equal(worker.clean, true);

  await worker.call('openSource', at('/file'));
  const unsendable = { ...at('/file'), extra: () => {} };
  await assert.rejects(worker.call('readText', unsendable), { name: 'DataCloneError' });
  assert.equal(worker.clean, false);
  await assert.rejects(worker.call('stat', at('/missing')), { code: 'not-found' });
  assert.equal(worker.clean, true);

  worker.terminate();
  assert.equal(worker.clean, false);
  await assert.rejects(worker.call('stat', at('/file')), { code: 'cancelled' });
});
