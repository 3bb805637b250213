/**
 * Fifty clients at once, on the built pouchd and then on a real dockerd: `node test/compat/crowd/main.ts [--clients 50] [--seconds 300]
 * [--only pouch]`. Ends with 1 when something of Pouch failed, was left, or grew.
 */
import { parseArgs } from 'node:util';
import { BothEngines } from '../harness/both.ts';
import { missingForComparison } from '../harness/docker-engine.ts';
import { type CrowdResult, type CrowdSample, runCrowd } from './crowd.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '300' },
    only: { type: 'string' },
  },
});
const missing = missingForComparison();
if (missing !== undefined) {
  console.error(`crowd: ${missing}`);
  process.exit(3);
}
// As users run it: the sources, run unbuilt, are slower.
await using both = await BothEngines.start({ pouch: 'built' });
for (const engine of both.all) {
  if (values.only !== undefined && values.only !== engine.name) continue;
  console.log(`${engine.name}: ${values.clients} clients for ${values.seconds} s`);
  const result = await runCrowd(engine, {
    clients: Number(values.clients),
    seconds: Number(values.seconds),
    // The validator has its share of the load, but not of the figures.
    measured: engine === both.pouch ? both.pouch.directSocket : engine.socket,
    onSample: (sample) => console.log(`  ${line(sample)}`),
  });
  report(result);
  const failed = result.errors.length > 0 || result.left > 0 || grew(result);
  if (failed && engine.name === 'pouch') process.exitCode = 1;
}

console.log(`validator: ${both.pouch.report.summary()}`);

function line({ seconds, rounds, residentMegabytes, openFiles }: CrowdSample): string {
  return `${seconds.toFixed(0)} s: ${rounds} rounds, ${residentMegabytes.toFixed(0)} MB resident, ${openFiles} open files`;
}

function report({ rounds, errors, inspect, before, warm, last, after, left }: CrowdResult): void {
  console.log(
    `  before    ${line(before)}\n  warm      ${line(warm)}\n  last      ${line(last)}\n  after     ${line(after)}`,
  );
  console.log(`  inspect   median ${inspect.median.toFixed(1)} ms, p99 ${inspect.p99.toFixed(1)} ms`);
  console.log(`  ${rounds} rounds, ${errors.length} errors, ${left} containers left`);
  for (const error of errors) console.log(`    ${error}`);
}

/** More memory in the second half of the time than the noise of a collector's heap, or files that stay open. */
function grew({ warm, last, before, after }: CrowdResult): boolean {
  return last.residentMegabytes > warm.residentMegabytes * 1.08 + 5 || after.openFiles > before.openFiles + 20;
}
