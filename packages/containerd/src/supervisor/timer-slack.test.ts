import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { timerSlack, withTimerSlack } from './timer-slack.ts';

const ofChild = (): number => Number(spawnSync('cat', ['/proc/self/timerslack_ns']).stdout.toString());

test('a child has the slack it was started with, and this process its own again', () => {
  const before = timerSlack();
  assert.equal(
    withTimerSlack(123_000, () => ofChild()),
    123_000,
  );
  assert.equal(timerSlack(), before);
  assert.equal(ofChild(), before);
  assert.throws(() =>
    withTimerSlack(5000, () => {
      throw new Error('not started');
    }),
  );
  assert.equal(timerSlack(), before);
});
