import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { BothEngines } from './harness/both.ts';
import { type Comparison, describeDifference } from './harness/compare.ts';
import { missingForComparison } from './harness/docker-engine.ts';
import { runAll } from './harness/run-all.ts';
import { countInvocations } from './harness/scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

const missing = missingForComparison();
const calls = countInvocations(SCENARIOS);

describe(`the docker client on pouchd as on dockerd: ${calls} calls`, { skip: missing ?? false }, () => {
  const comparisons = new Map<string, Comparison>();

  before(
    async () => {
      await using both = await BothEngines.start();
      await both.startRegistries();
      await runAll(SCENARIOS, both, 3, ({ name }, comparison) => comparisons.set(name, comparison));
    },
    { timeout: 900_000 },
  );

  for (const { name, steps } of SCENARIOS) {
    test(`${name}: ${steps.length} steps`, () => {
      const found = comparisons.get(name);
      assert.ok(found, 'the scenario was not run');
      assert.deepEqual(found.differences.map(describeDifference), []);
    });
  }
});
