import { readdirSync } from 'node:fs';
import { errorMessage, sleep } from '@pouch/base';
import { residentMegabytes } from '../../../bench/processes.ts';
import type { Engine } from '../harness/engine.ts';
import { call } from '../harness/run-scenario.ts';
import { CrowdClient } from './crowd-client.ts';

export interface CrowdOptions {
  readonly clients: number;
  readonly seconds: number;
  /** The socket of those clients that are measured, which are all but every tenth; by default the engine's, and all are. */
  readonly measured?: string;
  /** Told every ten seconds. */
  readonly onSample?: (sample: CrowdSample) => void;
}

export interface CrowdSample {
  readonly seconds: number;
  readonly rounds: number;
  /** Of the daemon and its containerd together. */
  readonly residentMegabytes: number;
  readonly openFiles: number;
}

export interface CrowdResult {
  readonly rounds: number;
  readonly errors: readonly string[];
  /** Milliseconds. */
  readonly inspect: { readonly median: number; readonly p99: number };
  readonly before: CrowdSample;
  /** After half of the time: until then a collector's heap finds its size, in steps of some 20 MB. */
  readonly warm: CrowdSample;
  /** While the crowd is still at work. */
  readonly last: CrowdSample;
  /** When everything has been removed. */
  readonly after: CrowdSample;
  /** Containers that are left. */
  readonly left: number;
}

/** So many clients at once, each running, exec-ing, logging and removing containers until the time is over. */
export async function runCrowd(engine: Engine, options: CrowdOptions): Promise<CrowdResult> {
  const errors: string[] = [];
  const { measured = engine.socket } = options;
  const isMeasured = (index: number): boolean => measured === engine.socket || index % 10 !== 0;
  const clients = Array.from(
    { length: options.clients },
    (_, index) => new CrowdClient({ name: `crowd${index}`, socket: isMeasured(index) ? measured : engine.socket }),
  );
  const begin = performance.now();
  const sample = (): CrowdSample => ({
    seconds: (performance.now() - begin) / 1000,
    rounds: clients.reduce((sum, client) => sum + client.rounds, 0),
    residentMegabytes: residentMegabytes(engine.pids()),
    openFiles: openFiles(engine.pids()),
  });
  const before = sample();
  const end = begin + options.seconds * 1000;
  const work = clients.map(async (client) => {
    while (performance.now() < end && errors.length < 20) {
      await client.round().catch((error: unknown) => {
        errors.push(errorMessage(error));
      });
    }
  });
  const samples: CrowdSample[] = [];
  const interval = Math.max(1000, Math.min(10_000, options.seconds * 100));
  const watch = setInterval(() => {
    samples.push(sample());
    options.onSample?.(samples.at(-1) ?? before);
  }, interval);
  await Promise.all(work);
  clearInterval(watch);
  const last = samples.at(-1) ?? sample();
  for (const client of clients) client[Symbol.dispose]();
  await sleep(3000);
  const left = JSON.parse(await call(engine, 'GET', '/containers/json?all=1')) as unknown[];
  const inspects = clients.flatMap((client, index) => (isMeasured(index) ? client.inspects : []));
  inspects.sort((a, b) => a - b);
  const at = (share: number): number =>
    inspects[Math.min(inspects.length - 1, Math.floor(inspects.length * share))] ?? 0;
  return {
    rounds: sample().rounds,
    errors,
    inspect: { median: at(0.5), p99: at(0.99) },
    before,
    warm: samples.find(({ seconds }) => seconds >= options.seconds / 2) ?? before,
    last,
    after: sample(),
    left: left.length,
  };
}

function openFiles(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
}
