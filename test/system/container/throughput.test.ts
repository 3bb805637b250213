import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { POUCH } from '../../harness/programs.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { exitCode, remove, start } from './container.kit.ts';

const GIGABYTE = 1_000_000_000;
/** What the daemon may grow by while a gigabyte goes through it, in bytes. */
const GROWTH = 150 * 1024 * 1024;

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

function resident(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024;
}

/** The most that the daemon has while the work is done. */
async function peakDuring<T>(work: Promise<T>): Promise<{ result: T; peak: number }> {
  let peak = resident();
  const timer = setInterval(() => {
    peak = Math.max(peak, resident());
  }, 50);
  try {
    return { result: await work, peak: Math.max(peak, resident()) };
  } finally {
    clearInterval(timer);
  }
}

/** Bytes that `pouch logs` prints, counted and thrown away. */
async function countLogs(id: string): Promise<number> {
  const [program, ...args] = POUCH;
  const env = { ...process.env, POUCH_HOST: `unix://${daemon.socket}`, HOME: daemon.directory };
  const child = spawn(program, [...args, 'logs', id], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let count = 0;
  for await (const chunk of child.stdout) count += (chunk as Buffer).length;
  return count;
}

test('a gigabyte goes into the log and out of it, and the daemon does not grow', { timeout: 120_000 }, async (t) => {
  const before = resident();
  const line = 'x'.repeat(999);
  const began = Date.now();
  const id = await start(daemon, ['sh', '-c', `yes ${line} | head -c ${GIGABYTE}`]);
  const written = await peakDuring(exitCode(daemon, id));
  const into = Date.now() - began;
  assert.equal(written.result, 0);
  const read = await peakDuring(countLogs(id));
  t.diagnostic(
    `in ${into} ms, out ${Date.now() - began - into} ms; resident ${before >> 20} MiB, then at most ${written.peak >> 20} and ${read.peak >> 20} MiB`,
  );
  assert.equal(read.result, GIGABYTE);
  assert.ok(written.peak - before < GROWTH, `${(written.peak - before) >> 20} MiB more while it was written`);
  assert.ok(read.peak - before < GROWTH, `${(read.peak - before) >> 20} MiB more while it was read`);
  await remove(daemon, id);
});
