import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { BothEngines } from './both.ts';
import { type Comparison, describeDifference } from './compare.ts';
import { missingForComparison } from './docker-engine.ts';
import { runAll } from './run-all.ts';
import { countInvocations, type Scenario } from './scenario.ts';

/** Scenarios at once. They wait more than they work: for stops, for what is to happen within a second. */
const AT_ONCE = 5;

/** A test for each of the scenarios, which are all run before the first on engines of their own. */
export function suiteOf(title: string, list: readonly Scenario[]): void {
  const skip = missingForComparison() ?? false;
  describe(`${title}: ${countInvocations(list)} calls of the docker client on pouchd as on dockerd`, { skip }, () => {
    const comparisons = new Map<string, Comparison>();

    before(
      async () => {
        await using both = await BothEngines.start();
        await both.startRegistries();
        await runAll(list, both, AT_ONCE, ({ name }, comparison) => comparisons.set(name, comparison));
      },
      { timeout: 900_000 },
    );

    for (const { name, steps } of list) {
      test(`${name}: ${steps.length} steps`, () => {
        const found = comparisons.get(name);
        assert.ok(found, 'the scenario was not run');
        assert.deepEqual(found.differences.map(describeDifference), []);
      });
    }
  });
}
