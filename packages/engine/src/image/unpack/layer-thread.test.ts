import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { LayerThread } from './layer-thread.ts';

/** A layer's directory, beside which there is room for what an extraction needs, and an empty blob. */
function place(): { directory: string; blob: string } & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'pouch-layer-'));
  const directory = join(root, 'fs');
  const blob = join(root, 'blob');
  mkdirSync(directory);
  writeFileSync(blob, '');
  return { directory, blob, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test('a thread starts with the first job, serves the next too, and another takes its place when it has died', {
  timeout: 10_000,
}, async () => {
  using at = place();
  const threads: Worker[] = [];
  const onThread = (message: unknown): void => void threads.push((message as { worker: Worker }).worker);
  channel('worker_threads').subscribe(onThread);
  try {
    using thread = new LayerThread();
    const survey = async (directory: string): Promise<unknown> => await thread.run('survey', { directory, since: 0 });
    assert.equal(threads.length, 0);
    assert.deepEqual(await survey(at.directory), { whiteouts: [], implied: [] });
    await assert.rejects(survey(join(at.directory, 'missing')), { code: 'internal', message: /ENOENT/ });
    assert.equal(threads.length, 1);
    await threads[0]?.terminate();
    assert.deepEqual(await survey(at.directory), { whiteouts: [], implied: [] });
    assert.equal(threads.length, 2);
  } finally {
    channel('worker_threads').unsubscribe(onThread);
  }
});

test('an abort kills the programs of an extraction and throws its reason', { timeout: 10_000 }, async () => {
  using at = place();
  using thread = new LayerThread();
  const { directory, blob } = at;
  const job = { directory, blob, decompress: [], tar: ['sleep', '60'], widen: [] };
  // Before and after the programs have been started.
  for (const delay of [0, 500]) {
    const stop = new AbortController();
    const running = thread.run('extract', job, stop.signal);
    const reason = new Error('Enough.');
    setTimeout(() => stop.abort(reason), delay);
    await assert.rejects(running, (error) => error === reason);
  }
  await assert.rejects(thread.run('survey', { directory, since: 0 }, AbortSignal.abort('no')), /no/);
});
