import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { BothEngines } from './harness/both.ts';
import { describeDifference } from './harness/compare.ts';
import { missingForComparison } from './harness/docker-engine.ts';
import { installClients } from './harness/install-clients.ts';
import { runAll } from './harness/run-all.ts';
import type { Scenario } from './harness/scenario.ts';
import { GO_CLIENTS, goClientsMissing, NPM_CLIENTS, PYTHON_CLIENTS } from './scenarios/clients.ts';

const missing = missingForComparison();

const options = { skip: missing ?? false, concurrency: 3 };

describe('programs over the libraries that people use, on pouchd as on dockerd', options, () => {
  let both: BothEngines;
  let noNpm: string | undefined;
  before(async () => {
    noNpm = await installClients();
    both = await BothEngines.start();
  });
  after(async () => await both[Symbol.asyncDispose]());

  const compareAll = (list: readonly Scenario[], skip: () => string | undefined): void => {
    for (const scenario of list) {
      test(scenario.name, async (context) => {
        const reason = skip();
        if (reason !== undefined) return context.skip(reason);
        const { differences } = await runAll([scenario], both, 1);
        assert.deepEqual(differences.map(describeDifference), []);
      });
    }
  };
  compareAll(NPM_CLIENTS, () => noNpm);
  compareAll(PYTHON_CLIENTS, () => {
    const { status } = spawnSync('/usr/bin/python3', ['-c', 'import docker']);
    return status === 0 ? undefined : 'docker-py is not installed (apt-get install python3-docker)';
  });
  compareAll(GO_CLIENTS, goClientsMissing);
});
