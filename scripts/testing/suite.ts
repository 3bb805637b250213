import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { ROOT } from '../build/inputs.ts';
import type { Failure, Outcome } from './outcome.ts';
import type { Progress } from './progress.ts';

export interface Suite {
  readonly name: string;
  readonly pattern: string;
  /** Test files at once. */
  readonly concurrency: number;
  /** Milliseconds that one file may take. */
  readonly timeout: number;
}

/** Most tests with real containers wait for the kernel and for containerd; the files of `fault` load the host on purpose. */
export const SUITES: readonly Suite[] = [
  { name: 'unit', pattern: 'packages/*/src/**/*.test.ts', concurrency: availableParallelism(), timeout: 120_000 },
  { name: 'system', pattern: 'test/system/**/*.test.ts', concurrency: 3, timeout: 300_000 },
  { name: 'compat', pattern: 'test/compat/**/*.test.ts', concurrency: 3, timeout: 900_000 },
  { name: 'guest', pattern: 'test/guest/*.test.ts', concurrency: 1, timeout: 900_000 },
  { name: 'fault', pattern: 'test/fault/**/*.test.ts', concurrency: 1, timeout: 420_000 },
];

/** Run the files of a suite whose path holds `filter`, each in a process of its own. */
export async function runSuite(suite: Suite, filter: string, progress: Progress): Promise<Outcome> {
  const files = globSync(suite.pattern, { cwd: ROOT })
    .filter((file) => file.includes(filter))
    .toSorted()
    .map((file) => join(ROOT, file));
  const failures: Failure[] = [];
  const skipped = new Map<string, number>();
  const counts = { passed: 0, failed: 0 };
  if (files.length === 0) return { ...counts, failures, skipped };

  const stderr = new Map<string, string>();
  const stream = run({ files, concurrency: suite.concurrency, timeout: suite.timeout, cwd: ROOT });
  const place = (file: string | undefined, line: number | undefined): string =>
    file === undefined ? suite.name : `${relative(ROOT, file)}${line === undefined ? '' : `:${line}`}`;
  stream.on('test:start', ({ file }) => void (file !== undefined && progress.running(relative(ROOT, file))));
  stream.on('test:stderr', ({ file, message }) => {
    stderr.set(file, ((stderr.get(file) ?? '') + message).slice(-4000));
  });
  stream.on('test:pass', ({ skip, details }) => {
    if (skip === undefined || skip === false || details.type === 'suite') return;
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason is given';
    skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  });
  stream.on('test:fail', ({ name, file, line, details }) => {
    const { error } = details;
    // The test around a failed one, and the file around that, say nothing more.
    if ('failureType' in error && error.failureType === 'subtestsFailed') return;
    failures.push({ name: nameOf(name, file), place: place(file, line), detail: describe(error) });
  });
  stream.on('test:summary', ({ file, success, duration_ms: took, counts: of }) => {
    if (file !== undefined) return progress.finished(relative(ROOT, file), success, took);
    counts.passed = of.passed;
    counts.failed = of.tests - of.passed - of.skipped - of.todo;
  });
  stream.resume();
  await new Promise((resolve, reject) => stream.once('close', resolve).once('error', reject));
  const withOutput = failures.map((failure) => {
    const said = stderr.get(join(ROOT, failure.place.replace(/:\d+$/, '')))?.trim();
    return said ? { ...failure, detail: `${failure.detail}\nstandard error:\n${said}` } : failure;
  });
  return { passed: counts.passed, failed: Math.max(counts.failed, failures.length), failures: withOutput, skipped };
}

function nameOf(name: string, file: string | undefined): string {
  return file !== undefined && name === file ? 'the file as a whole' : name;
}

/** The cause, for what the runner reports is an error around it; without the frames of Node.js itself. */
function describe(error: Error): string {
  const cause: unknown = error.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const lines = text.split('\n').filter((line) => !/^\s+at .*\(?node:/.test(line));
  return lines.slice(0, 40).join('\n').replaceAll(`file://${ROOT}/`, '').replaceAll(`${ROOT}/`, '');
}
