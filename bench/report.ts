import { cpus, release, totalmem } from 'node:os';
import { median, type Row } from './measure.ts';
import { call, type Peer } from './peer.ts';

/** The head of the table that is printed while the measurement goes on. */
export function headerLine(): string {
  return `${'what'.padEnd(56)}${'pouch'.padStart(9)}${'min–max'.padStart(14)}${'docker'.padStart(9)}${'min–max'.padStart(14)}${'ratio'.padStart(7)}  bound`;
}

/** A row of that table. */
export function rowLine(row: Row): string {
  const side = (values: readonly number[]): string => number(median(values)).padStart(9) + range(values).padStart(14);
  const beside = row.other === undefined ? '' : `, beside ${row.other}`;
  return `${`${row.what}${beside} (${row.unit})`.padEnd(56)}${side(row.pouch)}${side(row.docker)}${ratioOf(row).toFixed(2).padStart(7)}  ${verdict(row)}`;
}

/** The page of results: the table, the machine, and what was measured against what. */
export async function resultsPage(rows: readonly Row[], peers: readonly Peer[]): Promise<string> {
  const table = rows.map((row) => {
    const side = (values: readonly number[]): string => `${number(median(values))} ${row.unit} (${range(values)})`;
    return `| ${row.what} | ${side(row.pouch)} | ${row.other === undefined ? '' : `${row.other}: `}${side(row.docker)} | ${ratioOf(row).toFixed(2)} | ${verdict(row)} |`;
  });
  const versions = await Promise.all(peers.map(async (peer) => `- ${await versionOf(peer)}`));
  return `# Pouch beside Docker Engine

By \`sudo bench/run\`, ${new Date().toISOString().slice(0, 10)}: medians of interleaved pairs, with the smallest and the largest. On a shared
machine the times vary, and the ratios count.

- ${cpus().length} cores (${cpus()[0]?.model ?? ''}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}
${versions.join('\n')}

| what | Pouch | Docker | ratio | bound |
|---|---|---|---|---|
${table.join('\n')}
`;
}

function ratioOf({ pouch, docker }: Row): number {
  return median(pouch) / median(docker);
}

function verdict(row: Row): string {
  if (!row.bound) return '';
  const ratio = ratioOf(row);
  const met = row.bound.kind === '≤' ? ratio <= row.bound.ratio : ratio >= row.bound.ratio;
  return `${row.bound.kind} ${row.bound.ratio}  ${met ? 'met' : 'NOT MET'}`;
}

function range(values: readonly number[]): string {
  return values.length < 2 ? '' : `${number(Math.min(...values))}–${number(Math.max(...values))}`;
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

async function versionOf(peer: Peer): Promise<string> {
  const { Components = [] } = (await call(peer, 'GET', '/version')) as {
    Components?: readonly { readonly Name: string; readonly Version: string }[];
  };
  return `${peer.name}: ${Components.map(({ Name, Version }) => `${Name} ${Version}`).join(', ')}`;
}
