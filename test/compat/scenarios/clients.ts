import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scenarios } from '../harness/scenario.ts';

const CLIENTS = join(import.meta.dirname, '../clients');
const SMOKE = join(process.env.POUCH_COMPAT_CLIENTS ?? '/var/cache/pouch-test/clients', 'bin/tc-smoke');
/** The image of its reaper cannot be had where Docker Hub is out of reach. */
const NO_REAPER = 'TESTCONTAINERS_RYUK_DISABLED=true';

/** Programs of ours over the libraries that people use: each says what it sees of the engine. */
export const NPM_CLIENTS = scenarios(
  {
    dockerode: [`$NODE ${CLIENTS}/use-dockerode.mjs $N`],
    'node-sdk': [`$NODE ${CLIENTS}/use-node-sdk.mjs $N`],
    testcontainers: [
      `${NO_REAPER} $NODE ${CLIENTS}/use-testcontainers.mjs`,
      'docker rmi testcontainers-made:x | wc -l',
    ],
  },
  { succeeds: true },
);

export const PYTHON_CLIENTS = scenarios(
  { 'docker-py': [`/usr/bin/python3 ${CLIENTS}/use_docker_py.py $N`] },
  { succeeds: true },
);

export const GO_CLIENTS = scenarios(
  { 'testcontainers-go': [`${NO_REAPER} ${SMOKE} busybox 2>/dev/null`] },
  { succeeds: true },
);

export function goClientsMissing(): string | undefined {
  return existsSync(SMOKE) ? undefined : `testcontainers for Go has not been built: there is no ${SMOKE}`;
}
