import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BothEngines } from '../harness/both.ts';
import { missingForComparison } from '../harness/docker-engine.ts';
import { composeClients } from './clients.ts';
import { differencesOf } from './differences.ts';
import { COMPOSE_PROJECTS } from './project.ts';
import { type ComposeStepResult, runProject } from './run-project.ts';

const clients = composeClients();
const reference = clients.find(({ name }) => name === 'docker compose');
const missing =
  missingForComparison() ??
  (reference ? undefined : 'docker compose is not installed (test/compat/README.md says how)');

describe('every compose client brings about the same, on pouchd as on dockerd', { skip: missing ?? false }, () => {
  let both: BothEngines;
  before(async () => {
    both = await BothEngines.start();
  });
  after(async () => await both[Symbol.asyncDispose]());

  for (const project of COMPOSE_PROJECTS) {
    describe(project.name, () => {
      let expected: readonly ComposeStepResult[];
      before(
        async () => {
          assert.ok(reference);
          expected = await runProject(project, reference, both.docker);
        },
        { timeout: 300_000 },
      );

      test('the reference itself ends well', () => {
        const failed = expected
          .filter(({ exit }) => exit !== '0')
          .map(({ step, exit, stderr }) => `${step.line}: ${exit}\n${stderr}`);
        assert.deepEqual(failed, []);
      });

      for (const client of clients) {
        for (const engine of ['docker', 'pouch'] as const) {
          if (engine === 'docker' && client === reference) continue;
          test(`${client.name} on ${engine === 'pouch' ? 'pouchd' : 'dockerd'}`, { timeout: 300_000 }, async () => {
            const found = await runProject(project, client, both[engine]);
            assert.deepEqual(differencesOf(project, client, expected, found), []);
          });
        }
      }
    });
  }
});
