import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxArchive } from '../test/harness/busybox-image.ts';
import { startDocker } from './docker-peer.ts';
import type { Row } from './measure.ts';
import { timeClient } from './measure.ts';
import { startPouch } from './pouch-peer.ts';
import { BenchRegistry } from './registry.ts';
import { type Peers, ROWS } from './rows/rows.ts';

const PORT = 5987;

const { values } = parseArgs({
  options: { peers: { type: 'string' }, only: { type: 'string' }, runs: { type: 'string', default: '20' } },
});
const names = values.only ? values.only.split(',') : Object.keys(ROWS);
const unknown = names.filter((name) => !ROWS[name]);
if (unknown.length > 0) {
  console.error(`bench: no measurement is called ${unknown.join(', ')} (there are: ${Object.keys(ROWS).join(', ')})`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'pouch-bench-'));
try {
  await using registry = new BenchRegistry(join(values.peers ?? directory, 'registry'));
  await using pouch = await startPouch(join(directory, 'pouch'), PORT);
  await using docker = await startDocker(join(directory, 'docker'), join(values.peers ?? '', 'bin'), PORT);
  const peers: Peers = { pouch, docker };
  if (names.includes('pull')) {
    await registry.serve(PORT, pouch.wrap);
    await registry.serve(PORT, docker.wrap);
    await registry.publish(PORT);
  }
  const archive = join(directory, 'busybox.tar');
  await busyboxArchive(archive);
  for (const peer of [pouch, docker]) await timeClient(peer, ['import', archive, 'busybox:latest']);
  const rows: Row[] = [];
  console.log(header());
  for (const name of names) {
    const found = await (ROWS[name] as (typeof ROWS)[string])(peers, Number(values.runs));
    for (const row of [found].flat()) {
      rows.push(row);
      console.log(line(row));
    }
  }
  if (!values.only) writeFileSync(resolve(import.meta.dirname, 'results.md'), report(rows));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);

function header(): string {
  return `${'what'.padEnd(48)}${'pouch'.padStart(10)}${'docker'.padStart(10)}${'ratio'.padStart(8)}  bound`;
}

function verdict({ bound, pouch, docker }: Row): string {
  if (!bound) return '';
  const ratio = pouch / docker;
  const met = bound.kind === '≤' ? ratio <= bound.ratio : ratio >= bound.ratio;
  return `${bound.kind} ${bound.ratio}  ${met ? 'met' : 'NOT MET'}`;
}

function line(row: Row): string {
  const number = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)}`;
  const ratio = (row.pouch / row.docker).toFixed(2);
  return `${`${row.what} (${row.unit})`.padEnd(48)}${number(row.pouch).padStart(10)}${number(row.docker).padStart(10)}${ratio.padStart(8)}  ${verdict(row)}`;
}

function report(rows: readonly Row[]): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? ''}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
  const table = rows.map((row) => {
    const ratio = (row.pouch / row.docker).toFixed(2);
    return `| ${row.what} | ${row.pouch.toFixed(1)} ${row.unit} | ${row.docker.toFixed(1)} ${row.unit} | ${ratio} | ${verdict(row)} |`;
  });
  return `# Pouch beside Docker Engine 29

Medians of interleaved pairs, by \`sudo bench/run\`, ${new Date().toISOString().slice(0, 10)}. Machine: ${machine}. Times of
a shared machine: the ratios count. dockerd 29 has containerd 2.4 and runc 1.5; Pouch has this host's containerd and crun.

| what | Pouch | Docker | ratio | bound |
|---|---|---|---|---|
${table.join('\n')}
`;
}
