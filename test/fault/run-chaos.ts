import { setTimeout as sleep } from 'node:timers/promises';
import { leftBehind, readHostState } from '../harness/host-state.ts';
import { TestDaemon } from '../harness/test-daemon.ts';
import { FaultClient } from './client.ts';
import { Fixtures } from './fixtures.ts';
import { Killer } from './killer.ts';
import { findLeaks, processSize } from './leaks.ts';
import type { Tally } from './observer.ts';
import { Random } from './random.ts';
import { Worker } from './worker.ts';

export interface ChaosOptions {
  readonly kills: number;
  readonly minutes: number;
  readonly seed: number;
  readonly workers: number;
  /** Ports on the loopback address from here on are used. */
  readonly firstPort: number;
  /** Called for every kill. */
  readonly log: (line: string) => void;
  /** Leave the daemon and its files when something was wrong. */
  readonly keep?: boolean;
}

export interface ChaosReport {
  readonly rows: readonly (readonly [what: string, value: string])[];
  readonly problems: readonly string[];
}

/** Milliseconds for removals and restarts under way to come to their end. */
const SETTLE = 30_000;

/** A daemon under load whose processes are killed again and again; then everything is held against what clients were told. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const before = await readHostState();
  const daemon = await TestDaemon.start();
  const tally: Tally = { operations: {}, problems: [], unsure: 0, refused: 0, lines: 0 };
  let report: ChaosReport;
  try {
    report = await underLoad(daemon, options, tally);
  } catch (error) {
    console.error(`the run broke off`, ...tally.problems.slice(0, 5));
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
  if (options.keep && report.problems.length > 0) return report;
  await daemon[Symbol.asyncDispose]();
  const own = leftBehind(before, await readHostState()).filter((line) => line.includes(daemon.name));
  return {
    rows: report.rows,
    problems: [...report.problems, ...own.map((line) => `left behind after the tear-down: ${line}`)],
  };
}

async function underLoad(daemon: TestDaemon, options: ChaosOptions, tally: Tally): Promise<ChaosReport> {
  const client = new FaultClient(daemon.socket);
  const fixtures = new Fixtures(client, options.firstPort);
  await fixtures.start();
  const first = processSize(daemon.pid);
  const workers = Array.from(
    { length: options.workers },
    (_, index) =>
      new Worker(index, options.firstPort + 100 + 50 * index, {
        client,
        tally,
        random: new Random(options.seed, index + 1),
      }),
  );
  const killer = new Killer(daemon, new Random(options.seed), options.log);
  const stopping = new AbortController();
  const work = [fixtures.poll(stopping.signal), ...workers.map((worker) => worker.run(stopping.signal))];
  try {
    await killer.run(options.kills, options.minutes * 60_000);
  } finally {
    stopping.abort();
    await Promise.allSettled(work);
  }
  await Promise.all(work);
  await Promise.all(workers.map((worker) => worker.finish()));
  const names = await checkNames(client);
  const fixed = await fixtures.check();
  const leaks = await settledLeaks(daemon);
  const last = processSize(daemon.pid);
  const made = workers.reduce((sum, worker) => sum + worker.containers.length, 0);
  await fixtures.remove();
  const finalLeaks = leaks.length > 0 ? leaks : await settledLeaks(daemon);
  const sizes =
    last.memory > 450 || last.descriptors > 400
      ? [`pouchd has ${last.memory.toFixed(0)} MB and ${last.descriptors} descriptors`]
      : [];
  const problems = [
    ...tally.problems,
    ...names,
    ...fixed.problems,
    ...finalLeaks.map((leak) => `leaked: ${leak}`),
    ...sizes,
  ];
  const recoveries = killer.recoveries.toSorted((a, b) => a - b);
  return {
    problems,
    rows: [
      [
        'kills',
        `${killer.total}: ${Object.entries(killer.kills)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}`,
      ],
      [
        'operations',
        `${Object.values(tally.operations).reduce((sum, count) => sum + count, 0)}: ${Object.entries(tally.operations)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}`,
      ],
      ['containers made', String(made)],
      ['answers cut by a kill', String(tally.unsure)],
      ['refusals, all rightly', String(tally.refused)],
      ['log lines checked', String(fixed.logLines + tally.lines)],
      ['polls of published ports', `${fixed.polls}, failures ${fixed.pollFailures}`],
      ['restarts by policy of one container', String(fixed.restarts)],
      ['leaks', String(finalLeaks.length)],
      [
        'pouchd serves again after, ms',
        `median ${recoveries[recoveries.length >> 1]?.toFixed(0)}, longest ${recoveries.at(-1)?.toFixed(0)}`,
      ],
      [
        'pouchd at first and at last',
        `${first.memory.toFixed(0)} and ${last.memory.toFixed(0)} MB, ${first.descriptors} and ${last.descriptors} descriptors`,
      ],
      ['problems', String(problems.length)],
    ],
  };
}

/** No name twice, no container after its removal, no anonymous volume without its container. */
async function checkNames(client: FaultClient): Promise<string[]> {
  const problems: string[] = [];
  const outcome = await client.certain('GET', '/containers/json?all=1');
  const names = (JSON.parse(outcome.text) as { Names: string[] }[]).map(({ Names }) => Names[0] as string);
  if (new Set(names).size !== names.length) problems.push(`a name is there twice: ${names.join(' ')}`);
  for (const name of names) if (/^\/w\d/.test(name)) problems.push(`${name} is still there after it was removed`);
  const volumes = JSON.parse((await client.certain('GET', '/volumes')).text) as { Volumes: { Name: string }[] | null };
  const present = new Set((volumes.Volumes ?? []).map(({ Name }) => Name));
  for (const name of present)
    if (/^[0-9a-f]{64}$/.test(name)) problems.push(`the anonymous volume ${name} stays without its container`);
  return problems;
}

/** What stays: one look alone may meet a container just when its policy starts it. */
async function settledLeaks(daemon: TestDaemon): Promise<string[]> {
  const deadline = performance.now() + SETTLE;
  let leaks = await findLeaks(daemon);
  while (leaks.length > 0) {
    await sleep(500);
    const again = new Set(await findLeaks(daemon));
    leaks = performance.now() > deadline ? leaks.filter((leak) => again.has(leak)) : [...again];
    if (performance.now() > deadline) break;
  }
  return leaks;
}
