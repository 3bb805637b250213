import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sleep } from '@pouch/base';
import { interruption } from './interruption.ts';
import type { Peer } from './peer.ts';

/** What was measured of each, one number per run. */
export interface Figures {
  readonly pouch: readonly number[];
  readonly docker: readonly number[];
}

/** One row of the table: the figures of both, what they count in, and the bound that the ratio of the medians, pouch/docker, must keep. */
export interface Row extends Figures {
  readonly what: string;
  readonly unit: string;
  /** What the second figures are of, where it is not docker. */
  readonly other?: string;
  /** `≤` for times and sizes, `≥` for rates. */
  readonly bound?: { readonly kind: '≤' | '≥'; readonly ratio: number };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Measure both in turn, so that what else the machine does meets both: `runs` pairs after one that does not count. */
export async function pairs(
  peers: { readonly pouch: Peer; readonly docker: Peer },
  runs: number,
  measure: (peer: Peer) => Promise<number>,
  pause = 100,
): Promise<Figures> {
  const found = { pouch: [] as number[], docker: [] as number[] };
  for (let run = 0; run <= runs; run += 1) {
    for (const name of ['pouch', 'docker'] as const) {
      interruption.signal.throwIfAborted();
      const value = await measure(peers[name]);
      if (run > 0) found[name].push(value);
      await sleep(pause);
    }
  }
  return found;
}

/** Milliseconds that a command of the peer's client takes as a whole process. Throws when it fails. */
export async function timeClient(peer: Peer, args: readonly string[]): Promise<number> {
  const [program = '', ...before] = peer.client;
  const begin = performance.now();
  const child = spawn(program, [...before, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: interruption.signal,
    env: { ...process.env, ...peer.environment },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const took = performance.now() - begin;
  if (code !== 0) throw new Error(`${peer.name} ${args.join(' ')} ended with ${code}: ${said}`);
  return took;
}
