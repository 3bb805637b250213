/**
 * bench/isolation costs [--runs N]: what lxcfs, a disk quota, a bandwidth and SSH add to `pouch run --rm`, each against the same run
 * without, in turn, so that what else the machine does meets all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exec, sleep } from '@pouch/base';
import { busyboxArchive } from '../test/harness/busybox-image.ts';
import { interruption } from './interruption.ts';
import { median, timeClient } from './measure.ts';
import { startPouch } from './pouch-peer.ts';

/** Milliseconds that each may add. */
const BOUND = 10;
/** Until the next prepared namespace and the next empty place stand ready. */
const PAUSE = 1300;

const variantsWith = (key: string): Readonly<Record<string, readonly string[]>> => ({
  'nothing of it': ['--lxcfs=false'],
  lxcfs: ['--lxcfs=true'],
  'disk quota': ['--lxcfs=false', '--disk-quota', '64m'],
  'bandwidth, both ways': ['--lxcfs=false', '--net-egress', '20mbit', '--net-ingress', '20mbit'],
  SSH: ['--lxcfs=false', '--ssh-key', key],
});

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' } } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
const directory = mkdtempSync(join(tmpdir(), 'pouch-costs-'));
const key = join(directory, 'key');
await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
const variants = variantsWith(`${key}.pub`);
const found = new Map(Object.keys(variants).map((name) => [name, [] as number[]]));
try {
  await using pouch = await startPouch(join(directory, 'pouch'));
  const archive = join(directory, 'busybox.tar');
  await busyboxArchive(archive);
  await timeClient(pouch, ['import', archive, 'busybox:latest']);
  // The first round warms up.
  for (let run = 0; run <= Number(values.runs); run += 1) {
    for (const [name, flags] of Object.entries(variants)) {
      interruption.signal.throwIfAborted();
      await sleep(PAUSE);
      const took = await timeClient(pouch, ['run', '--rm', ...flags, 'busybox', 'true']);
      if (run > 0) found.get(name)?.push(took);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** A quarter of the runs took no longer: what else the machine does only ever adds. */
function quartile(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 4)] ?? Number.NaN;
}

const plain = found.get('nothing of it') ?? [];
console.log('run --rm with             quartile    median       least–most    adds (quartile)   bound');
for (const [name, times] of found) {
  const range = `${Math.min(...times).toFixed(1)}–${Math.max(...times).toFixed(1)}`;
  const line = `${name.padEnd(24)}${quartile(times).toFixed(1).padStart(8)} ms${median(times).toFixed(1).padStart(8)} ms${range.padStart(17)}`;
  const adds = quartile(times) - quartile(plain);
  const verdict = `${adds.toFixed(1).padStart(11)} ms     ≤ ${BOUND} ${adds <= BOUND ? 'met' : 'NOT MET'}`;
  console.log(times === plain ? line : line + verdict);
}
