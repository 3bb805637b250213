import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '@pouch/base';
import { busyboxArchive } from '../test/harness/busybox-image.ts';
import { startDocker } from './docker-peer.ts';
import { interruption } from './interruption.ts';
import { type Row, timeClient } from './measure.ts';
import { startPouch } from './pouch-peer.ts';
import { headerLine, resultsPage, rowLine } from './report.ts';
import type { Peers } from './peer.ts';
import { ROWS } from './rows/rows.ts';

const { values } = parseArgs({
  options: {
    cache: { type: 'string', default: '/var/cache/pouch-bench' },
    programs: { type: 'string', default: '/var/cache/pouch-bench/bin' },
    only: { type: 'string' },
    runs: { type: 'string', default: '20' },
  },
});
const names = values.only ? values.only.split(',') : Object.keys(ROWS);
const unknown = names.filter((name) => !ROWS[name]);
const runs = Number(values.runs);
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  console.error(`usage: bench/run [--only NAME[,NAME]] [--runs N], with the names ${Object.keys(ROWS).join(', ')}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

const directory = mkdtempSync(join(tmpdir(), 'pouch-bench-'));
let failures = 0;
try {
  await using pouch = await startPouch(join(directory, 'pouch'));
  await using docker = await startDocker(join(directory, 'docker'), values.programs);
  const { cache, programs } = values;
  const peers: Peers = { pouch, docker, programs, lxc: join(cache, 'lxc'), registry: join(cache, 'registry') };
  const archive = join(directory, 'busybox.tar');
  await busyboxArchive(archive);
  for (const peer of [pouch, docker]) await timeClient(peer, ['import', archive, 'busybox:latest']);
  const rows = await measureAll(peers);
  if (!values.only && failures === 0)
    writeFileSync(resolve(import.meta.dirname, 'results.md'), await resultsPage(rows, [pouch, docker]));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(failures > 0 ? 1 : 0);

/** One measurement after the other, each printed when it is there. One that fails says so, and the others go on. */
async function measureAll(peers: Peers): Promise<Row[]> {
  const rows: Row[] = [];
  console.log(headerLine());
  for (const name of names) {
    try {
      interruption.signal.throwIfAborted();
      for (const row of [await (ROWS[name] as (typeof ROWS)[string])(peers, runs)].flat()) {
        rows.push(row);
        console.log(rowLine(row));
      }
    } catch (error) {
      failures += 1;
      console.error(interruption.signal.aborted ? 'bench: interrupted' : `bench: ${name}: ${errorMessage(error)}`);
      if (interruption.signal.aborted) break;
    }
  }
  return rows;
}
