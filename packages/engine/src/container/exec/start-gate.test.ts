import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StartGate } from './start-gate.ts';

test('a freezing waits for the starts under way, and starts wait for it', async () => {
  const gate = new StartGate();
  const seen: string[] = [];
  const step = (name: string, until: Promise<void>) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    await until;
    seen.push(`${name} ends`);
  };
  const [first, frozen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const starting = gate.start(step('start', first.promise));
  const freezing = gate.freeze(step('freeze', frozen.promise));
  const late = gate.start(step('late', Promise.resolve()));
  await turn();
  assert.deepEqual(seen, ['start begins']);
  first.resolve();
  await starting;
  await turn();
  assert.deepEqual(seen, ['start begins', 'start ends', 'freeze begins']);
  frozen.resolve();
  await Promise.all([freezing, late]);
  assert.deepEqual(seen.slice(3), ['freeze ends', 'late begins', 'late ends']);
});

test('a start that fails does not hold a freezing up', async () => {
  const gate = new StartGate();
  await assert.rejects(gate.start(async () => await Promise.reject(new Error('no'))));
  assert.equal(await gate.freeze(async () => await Promise.resolve(1)), 1);
});
