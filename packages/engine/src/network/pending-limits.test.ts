import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingLimits } from './pending-limits.ts';

test('who asks waits and is told of a failure; who only lets go is not', async () => {
  const limits = new PendingLimits();
  const under = Promise.withResolvers<void>();
  limits.begin('one', under.promise);
  let isDone = false;
  const done = limits.done('one').then(() => (isDone = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isDone, false);
  under.resolve();
  assert.equal(await done, true);

  limits.begin('two', Promise.reject(new Error('no such device')));
  await assert.rejects(limits.done('two'), /no such device/);
  await limits.settled('two');
  await limits.done('two');
  await limits.done('never heard of');
});

test('letting go waits for what is under way', async () => {
  const limits = new PendingLimits();
  const order: string[] = [];
  const under = Promise.withResolvers<void>();
  limits.begin(
    'one',
    under.promise.then(() => order.push('limited')),
  );
  const gone = limits.settled('one').then(() => order.push('let go'));
  under.resolve();
  await gone;
  assert.deepEqual(order, ['limited', 'let go']);
});
