import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestDaemon } from '../harness/test-daemon.ts';
import { runCrowd } from './crowd/crowd.ts';
import { validated } from './validator/validated-engine.ts';

test('fifty clients at once: every answer is right, and nothing is left', { timeout: 240_000 }, async () => {
  await using daemon = await TestDaemon.start();
  await using engine = await validated({
    name: 'pouch' as const,
    directory: daemon.directory,
    socket: daemon.socket,
    pids: () => [daemon.pid, daemon.containerdPid],
    wrap: (command: readonly string[]) => [...command],
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  });
  const { errors, left, rounds, before, after } = await runCrowd(engine, { clients: 50, seconds: 8 });
  assert.deepEqual(errors, []);
  assert.deepEqual(engine.report.faults, []);
  assert.equal(left, 0);
  assert.ok(rounds >= 50, `${rounds} rounds`);
  assert.ok(after.openFiles <= before.openFiles + 20, `${before.openFiles} files were open, now ${after.openFiles}`);
});
