import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRecord } from '../container-record.ts';
import { remainingDelay, restartDelay, shouldRestart, startsWithDaemon } from './restart-policy.ts';

function record(name: string, changes: Partial<ContainerRecord['state']> = {}, most = 0): ContainerRecord {
  return {
    hostConfig: { RestartPolicy: { Name: name, MaximumRetryCount: most } },
    state: { manuallyStopped: false, restartCount: 0, startedAt: '1', ...changes },
  } as ContainerRecord;
}

test('policies', () => {
  assert.equal(shouldRestart(record('no'), 1), false);
  assert.equal(shouldRestart(record('always'), 0), true);
  assert.equal(shouldRestart(record('always', { manuallyStopped: true }), 0), false);
  assert.equal(shouldRestart(record('unless-stopped'), 0), true);
  assert.equal(shouldRestart(record('on-failure'), 0), false);
  assert.equal(shouldRestart(record('on-failure'), 1), true);
  assert.equal(shouldRestart(record('on-failure', { restartCount: 3 }, 3), 1), false);
});

test('the pause doubles up to a minute and is short again after a good run', () => {
  assert.deepEqual(
    [0, 1, 5, 30].map((count) => restartDelay(count, 0n)),
    [100, 200, 3200, 60_000],
  );
  assert.equal(restartDelay(9, 10_000_000_000n), 100);
});

test('a pause goes on over a restart of the daemon', () => {
  const { state } = record('always', { startedAt: '1000000000', finishedAt: '2000000000', restartCount: 6 });
  assert.equal(remainingDelay(state, 2_000_000_000n), 3200);
  assert.equal(remainingDelay(state, 4_000_000_000n), 1200);
  assert.equal(remainingDelay(state, 9_000_000_000n), 0);
  // A clock that was set back makes no pause longer.
  assert.equal(remainingDelay(state, 1_000_000_000n), 3200);
});

test('with the daemon', () => {
  assert.equal(startsWithDaemon(record('always', { manuallyStopped: true })), true);
  assert.equal(startsWithDaemon(record('unless-stopped', { manuallyStopped: true })), false);
  assert.equal(startsWithDaemon(record('unless-stopped')), true);
  assert.equal(startsWithDaemon(record('always', { startedAt: '' })), false);
});
