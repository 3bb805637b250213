import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../build/inputs.ts';
import type { Failure, Outcome } from './outcome.ts';
import type { Progress } from './progress.ts';

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** How to mend what it finds. */
  readonly mend: string;
}

const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);
const script = (path: string): string[] => [process.execPath, join(ROOT, path)];

const CHECKS: readonly Check[] = [
  { name: 'types', command: [bin('tsc'), '-p', 'tsconfig.json'], mend: 'npm run typecheck' },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'], mend: 'npm run lint' },
  { name: 'format', command: [bin('biome'), 'format'], mend: 'npm run format writes what it wants' },
  { name: 'layers', command: script('scripts/layers.ts'), mend: 'npm run layers' },
  {
    name: 'reference pages',
    command: [...script('scripts/docs.ts'), '--check'],
    mend: 'npm run docs writes them anew',
  },
];

/** What is checked without running anything of Pouch. Each check counts as a test. */
export function runChecks(pattern: string, progress: Progress): Outcome {
  const failures: Failure[] = [];
  const checks = CHECKS.filter(({ name }) => name.includes(pattern));
  for (const { name, command, mend } of checks) {
    progress.running(name);
    const start = performance.now();
    const [program = '', ...args] = command;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
      maxBuffer: 64 * 1024 * 1024,
    });
    progress.finished(name, status === 0, performance.now() - start);
    if (status === 0) continue;
    const lines = `${stdout}${stderr}${error?.message ?? ''}`.trim().split('\n');
    const more = lines.length > 40 ? `\n… ${lines.length - 40} more lines` : '';
    failures.push({ name, place: mend, detail: lines.slice(0, 40).join('\n') + more });
  }
  return { passed: checks.length - failures.length, failed: failures.length, failures, skipped: new Map() };
}
