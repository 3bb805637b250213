import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from './run-chaos.ts';

test('nothing is lost and nothing leaks when daemons are killed under load', { timeout: 300_000 }, async (context) => {
  const log = (line: string): void => context.diagnostic(line);
  const report = await runChaos({
    kills: 25,
    minutes: 1,
    seed: Date.now() % 100_000,
    workers: 3,
    firstPort: 25_000,
    log,
  });
  for (const [what, value] of report.rows) context.diagnostic(`${what}: ${value}`);
  assert.deepEqual(report.problems, []);
});
