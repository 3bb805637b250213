import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { IdleTimer } from './idle-timer.ts';

test('idle is who had no user for the whole while', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let idle = 0;
    const timer = new IdleTimer(1000, () => {
      idle += 1;
    });
    mock.timers.tick(5000);
    assert.equal(idle, 0, 'it was never used');
    const first = timer.use();
    const second = timer.use();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    mock.timers.tick(5000);
    assert.equal(idle, 0, 'it is in use');
    second[Symbol.dispose]();
    mock.timers.tick(999);
    timer.use()[Symbol.dispose]();
    mock.timers.tick(999);
    assert.equal(idle, 0);
    mock.timers.tick(1);
    assert.equal(idle, 1);
    mock.timers.tick(5000);
    assert.equal(idle, 1);
    timer.use()[Symbol.dispose]();
    timer[Symbol.dispose]();
    mock.timers.tick(5000);
    assert.equal(idle, 1);
  } finally {
    mock.timers.reset();
  }
});
