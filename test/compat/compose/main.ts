/**
 * The comparison of compose clients by hand: `node test/compat/compose/main.ts [--client NAME] [--engine pouch|docker]
 * [PROJECT]...`. Prints where each differs from `docker compose` on dockerd, as it goes; ends with 1 when one does.
 */
import { parseArgs } from 'node:util';
import { BothEngines } from '../harness/both.ts';
import { missingForComparison } from '../harness/docker-engine.ts';
import { composeClients } from './clients.ts';
import { differencesOf } from './differences.ts';
import { COMPOSE_PROJECTS } from './project.ts';
import { runProject } from './run-project.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { client: { type: 'string', multiple: true }, engine: { type: 'string', multiple: true } },
});
const clients = composeClients();
const reference = clients.find(({ name }) => name === 'docker compose');
const missing = missingForComparison() ?? (reference ? undefined : 'docker compose is not installed');
if (missing !== undefined || !reference) {
  console.error(`compat: ${missing}`);
  process.exit(3);
}
await using both = await BothEngines.start();
let count = 0;
for (const project of COMPOSE_PROJECTS) {
  if (positionals.length > 0 && !positionals.includes(project.name)) continue;
  const expected = await runProject(project, reference, both.docker);
  for (const { step, exit, stderr } of expected) {
    if (exit !== '0') console.log(`${project.name}: the reference fails: ${step.line}: ${exit}\n${stderr}`);
  }
  for (const client of clients) {
    if (values.client && !values.client.includes(client.name)) continue;
    for (const engine of ['docker', 'pouch'] as const) {
      if (engine === 'docker' && client === reference) continue;
      if (values.engine && !values.engine.includes(engine)) continue;
      const begin = performance.now();
      const differences = differencesOf(project, client, expected, await runProject(project, client, both[engine]));
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(
        `${project.name}: ${client.name} on ${engine}: ${differences.length || 'no'} differences, ${seconds} s`,
      );
      for (const difference of differences) console.log(difference);
      count += differences.length;
    }
  }
}
process.exitCode = count > 0 ? 1 : 0;
