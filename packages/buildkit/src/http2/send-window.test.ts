import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_WINDOW } from './frames.ts';
import { SendWindow } from './send-window.ts';

test('what we sent is kept from the client, which then waits where it believes to have room', () => {
  const window = new SendWindow();
  window.pass(30_000);
  window.spend(30_000);
  assert.equal(window.room, DEFAULT_WINDOW - 60_000);
  assert.equal(window.mustWait(DEFAULT_WINDOW - 60_000), false);
  assert.equal(window.mustWait(10_000), true);
  assert.equal(window.grow(20_000), 0, 'of ours');
  assert.equal(window.mustWait(10_000), false);
  assert.equal(window.grow(20_000), 10_000, 'half of it ours');
  assert.equal(window.grow(20_000), 20_000);
  assert.equal(window.room, DEFAULT_WINDOW);
});

test('a client that breaks its window is not held, for the server to judge', () => {
  const window = new SendWindow();
  assert.equal(window.mustWait(DEFAULT_WINDOW + 1), false);
  window.pass(DEFAULT_WINDOW + 1);
  assert.equal(window.room, 0);
});

test('who waits goes on when there is more, or when told to look again', async () => {
  const window = new SendWindow();
  let seen = 0;
  const wait = async (): Promise<void> => {
    await window.changed();
    seen += 1;
  };
  const first = wait();
  window.grow(1);
  await first;
  const second = wait();
  window.wake();
  await second;
  assert.equal(seen, 2);
});
