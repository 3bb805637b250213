import type { Row } from '../measure.ts';
import type { Peers } from '../peer.ts';
import { buildProject } from './build.ts';
import { buildWithBuildx } from './buildx.ts';
import { execTrue, listThousand, runOn, version } from './clients.ts';
import { cycles } from './cycles.ts';
import { idleMemory, logThroughput, manyRunning } from './daemons.ts';
import { machineToRunning } from './machine.ts';
import { pullImage } from './pull.ts';

/** Every measurement by the name that `--only` takes, in the order of the table. */
export const ROWS: Readonly<Record<string, (peers: Peers, runs: number) => Promise<Row | Row[]>>> = {
  'run-bridge': async (peers, runs) => await runOn('bridge', 0.45, peers, runs),
  'run-none': async (peers, runs) => await runOn('none', 0.55, peers, runs),
  'run-host': async (peers, runs) => await runOn('host', undefined, peers, runs),
  exec: execTrue,
  version,
  'cycles-1': async (peers, runs) => await cycles(1, peers, runs),
  'cycles-8': async (peers, runs) => await cycles(8, peers, runs),
  'cycles-16': async (peers, runs) => await cycles(16, peers, runs),
  list: listThousand,
  memory: idleMemory,
  logs: logThroughput,
  many: manyRunning,
  pull: pullImage,
  machine: machineToRunning,
  build: buildProject,
  buildx: buildWithBuildx,
};
