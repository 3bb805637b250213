import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BothEngines } from '../harness/both.ts';
import { missingForComparison } from '../harness/docker-engine.ts';
import { composeClients } from './clients.ts';
import { ComposeRuns, comparisonsOf } from './comparisons.ts';
import { COMPOSE_PROJECTS } from './project.ts';

const clients = composeClients();
const comparisons = comparisonsOf(clients);
const missing =
  missingForComparison() ??
  (clients.length > 1
    ? undefined
    : 'neither docker compose nor docker-compose is installed (apt-get install docker-compose)');

describe('compose clients bring about the same on pouchd as on dockerd', { skip: missing ?? false }, () => {
  let both: BothEngines;
  let runs: ComposeRuns;
  before(async () => {
    both = await BothEngines.start();
    runs = new ComposeRuns(both);
  });
  after(async () => await both[Symbol.asyncDispose]());

  for (const project of COMPOSE_PROJECTS) {
    describe(project.name, () => {
      for (const comparison of comparisons) {
        const { client, engine, reference } = comparison;
        const name = `${client.name} on ${engine === 'pouch' ? 'pouchd' : 'dockerd'}`;
        test(`${name}, as ${reference.name} on dockerd`, { timeout: 600_000 }, async () => {
          const expected = await runs.expected(project, reference);
          const failed = expected.filter(({ exit }) => exit !== '0');
          assert.deepEqual(
            failed.map(({ step, stderr }) => `${step.line}\n${stderr}`),
            [],
            'the reference fails',
          );
          assert.deepEqual(await runs.compare(project, comparison), []);
        });
      }
    });
  }
});
