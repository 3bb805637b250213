import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PauseGate } from './pause-gate.ts';

test('a pause waits for a process that is being added, and the next one waits for the pause', async () => {
  const gate = new PauseGate();
  const told: string[] = [];
  const first = gate.add(async () => {
    await sleep(30);
    told.push('added');
  });
  const closing = gate.close().then((open) => {
    told.push('paused');
    return open;
  });
  const second = gate.add(async () => {
    told.push('added after');
    await Promise.resolve();
  });
  await first;
  const open = await closing;
  await sleep(20);
  assert.deepEqual(told, ['added', 'paused']);
  open[Symbol.dispose]();
  await second;
  assert.deepEqual(told, ['added', 'paused', 'added after']);
});

test('pauses come one after the other, and a failed addition lets them go on', async () => {
  const gate = new PauseGate();
  await assert.rejects(
    gate.add(async () => {
      await Promise.resolve();
      throw new Error('no');
    }),
  );
  const open = await gate.close();
  let second = false;
  const next = gate.close().then((other) => {
    second = true;
    return other;
  });
  await sleep(5);
  assert.equal(second, false);
  open[Symbol.dispose]();
  (await next)[Symbol.dispose]();
  assert.equal(await gate.add(() => Promise.resolve(7)), 7);
});
