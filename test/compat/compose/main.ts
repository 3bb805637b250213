/**
 * The comparison of compose clients by hand: `node test/compat/compose/main.ts [--client NAME] [--engine pouch|docker]
 * [PROJECT]...`. Prints where each differs from what Docker's do on dockerd, as it goes; ends with 1 when one does.
 */
import { parseArgs } from 'node:util';
import { BothEngines } from '../harness/both.ts';
import { missingForComparison } from '../harness/docker-engine.ts';
import { composeClients } from './clients.ts';
import { ComposeRuns, comparisonsOf } from './comparisons.ts';
import { COMPOSE_PROJECTS } from './project.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { client: { type: 'string', multiple: true }, engine: { type: 'string', multiple: true } },
});
const missing = missingForComparison();
if (missing !== undefined) {
  console.error(`compat: ${missing}`);
  process.exit(3);
}
await using both = await BothEngines.start();
const runs = new ComposeRuns(both);
let count = 0;
for (const project of COMPOSE_PROJECTS) {
  if (positionals.length > 0 && !positionals.includes(project.name)) continue;
  for (const comparison of comparisonsOf(composeClients())) {
    const { client, engine, reference } = comparison;
    if (values.client && !values.client.includes(client.name)) continue;
    if (values.engine && !values.engine.includes(engine)) continue;
    for (const { step, exit, stderr } of await runs.expected(project, reference)) {
      if (exit !== '0') console.log(`${project.name}: ${reference.name} on docker: ${step.line}: ${exit}\n${stderr}`);
    }
    const begin = performance.now();
    const differences = await runs.compare(project, comparison);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(
      `${project.name}: ${client.name} on ${engine}: ${differences.length || 'no'} differences, ${seconds} s`,
    );
    for (const difference of differences) console.log(difference);
    count += differences.length;
  }
}
process.exitCode = count > 0 ? 1 : 0;
