import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scenarios } from '../harness/scenario.ts';

const CLIENTS = join(import.meta.dirname, '../clients');
const GO = '/opt/compat/bin/tc-smoke';
const QUIET = 'TESTCONTAINERS_RYUK_DISABLED=true';

/** Programs of ours over the libraries that people use. */
export const CLIENT_PROGRAMS = {
  npm: scenarios({
    dockerode: [`$NODE ${CLIENTS}/use-dockerode.mjs $N`],
    'node-sdk': [`$NODE ${CLIENTS}/use-node-sdk.mjs $N`],
    testcontainers: [`${QUIET} $NODE ${CLIENTS}/use-testcontainers.mjs`, 'docker rmi testcontainers-made:x | wc -l'],
  }),
  python: scenarios({ 'docker-py': [`/usr/bin/python3 ${CLIENTS}/use_docker_py.py $N`] }),
  go: existsSync(GO) ? scenarios({ 'testcontainers-go': [`${QUIET} ${GO}`] }) : [],
};
