/**
 * The full comparison. Arguments: pieces of scenarios' names; without one, all of them. Prints where pouchd and dockerd
 * differ beyond what accepted-differences.ts lists, and ends with 1 when they do.
 */
import { parseArgs } from 'node:util';
import { BothEngines } from './harness/both.ts';
import { describeDifference } from './harness/compare.ts';
import { missingForComparison } from './harness/docker-engine.ts';
import { acceptedDifferences, runAll } from './harness/run-all.ts';
import { countInvocations } from './harness/scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string', default: '5' } },
});
const missing = missingForComparison();
if (missing !== undefined) {
  console.error(`compat: ${missing}`);
  process.exit(3);
}
const chosen = SCENARIOS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
const begin = performance.now();
await using both = await BothEngines.start();
await both.startRegistries();
let count = 0;
const { differences, met } = await runAll(chosen, both, Number(values.concurrency), ({ name }, comparison, ms) => {
  count += 1;
  const { length } = comparison.differences;
  console.log(`${count}/${chosen.length} ${name}: ${length || 'no'} differences, ${(ms / 1000).toFixed(1)} s`);
  for (const difference of comparison.differences) console.log(describeDifference(difference));
});
const unmet = acceptedDifferences()
  .filter(({ id }) => !met.has(id))
  .map(({ id }) => id);
if (positionals.length === 0 && unmet.length > 0)
  console.log(`accepted differences that are none: ${unmet.join(', ')}`);
console.log(`validator: ${both.pouch.report.summary()}`);
const seconds = Math.round((performance.now() - begin) / 1000);
console.log(
  `${chosen.length} scenarios with ${countInvocations(chosen)} calls of docker each, in ${seconds} s: ` +
    `${differences.length} differences, ${met.size} accepted ones met`,
);
process.exitCode = differences.length > 0 ? 1 : 0;
