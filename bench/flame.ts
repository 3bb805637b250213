/**
 * Where the time of `pouch run --rm` goes: the programs that start and end (from the kernel), the requests that pouchd
 * answers and makes (from within), and the floor: the OCI runtimes by themselves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { sleep } from '@pouch/base';
import { busyboxArchive } from '../test/harness/busybox-image.ts';
import { measureFloors } from './flame/floors.ts';
import { KernelTrace } from './flame/kernel-trace.ts';
import { topFunctions } from './flame/profile.ts';
import { drawSpans, medianSpans, numbered, type Span } from './flame/span.ts';
import { timeClient } from './measure.ts';
import type { Peer } from './peer.ts';
import { startPouch } from './pouch-peer.ts';

/** The rest of a removal goes on after the client has its answer, and belongs to the picture. */
const AFTERWARDS = 300;
const HOOK = resolve(import.meta.dirname, 'flame/pouchd-hook.ts');

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'bridge' },
    runs: { type: 'string', default: '15' },
    profile: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const directory = mkdtempSync(join(tmpdir(), 'pouch-bench-'));
const spansFile = join(directory, 'spans');
const profileFile = join(directory, 'pouchd.cpuprofile');
const command = ['run', '--rm', '--network', values.network, 'busybox', 'true'];

try {
  {
    await using pouch = await startHooked();
    const archive = join(directory, 'busybox.tar');
    await busyboxArchive(archive);
    await timeClient(pouch, ['import', archive, 'busybox:latest']);
    for (let warm = 0; warm < 3; warm += 1) await timeClient(pouch, command);
    if (values.profile) await profileRuns(pouch);
    else await printTimeLine(pouch);
  }
  if (values.profile) {
    console.log(`pouchd's own time in ${runs} × pouch ${command.join(' ')}, per run:`);
    for (const { name, ms } of topFunctions(profileFile, 30))
      console.log(`${(ms / runs).toFixed(2).padStart(8)} ms  ${name}`);
  } else {
    console.log('\nThe floor:');
    for (const [name, ms] of Object.entries(await measureFloors(directory, runs)))
      console.log(`${ms.toFixed(1).padStart(8)} ms  ${name}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);

/** pouchd as it is built, with the hook in it, and nothing else of ours. */
async function startHooked(): Promise<Peer> {
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--import=${HOOK} --disable-warning=ExperimentalWarning`;
  process.env[values.profile ? 'POUCH_BENCH_PROFILE' : 'POUCH_BENCH_SPANS'] = values.profile ? profileFile : spansFile;
  try {
    return await startPouch(join(directory, 'pouch'));
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
    delete process.env.POUCH_BENCH_PROFILE;
    delete process.env.POUCH_BENCH_SPANS;
  }
}

async function profileRuns(pouch: Peer): Promise<void> {
  for (let run = 0; run < runs; run += 1) await timeClient(pouch, command);
}

async function printTimeLine(pouch: Peer): Promise<void> {
  using trace = KernelTrace.open();
  if (!trace) console.log('This kernel has no tracefs: programs are not shown.');
  const lines: Span[][] = [];
  for (let run = 0; run < runs; run += 1) lines.push(await traceRun(pouch, trace));
  console.log(`pouch ${command.join(' ')}: medians of ${runs} runs\n`);
  console.log(drawSpans(medianSpans(lines)));
}

/** One run, as spans from the moment before the client is started. */
async function traceRun(pouch: Peer, trace: KernelTrace | undefined): Promise<Span[]> {
  const [program = '', ...before] = pouch.client;
  const skip = readSpans().length;
  trace?.clear();
  const begin = now();
  const child = spawn(program, [...before, ...command], {
    stdio: 'ignore',
    env: { ...process.env, ...pouch.environment },
  });
  await once(child, 'exit');
  const whole: Span = { name: 'the whole', begin, end: now() };
  await sleep(AFTERWARDS);
  const programs = trace?.programs([...pouch.pids(), child.pid ?? 0]) ?? [];
  const found = [whole, ...programs, ...readSpans().slice(skip)];
  return numbered(found).map(({ name, ...span }) => ({ name, begin: span.begin - begin, end: span.end - begin }));
}

function readSpans(): Span[] {
  if (!existsSync(spansFile)) return [];
  return readFileSync(spansFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Span);
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
