/**
 * Runs the tests and tells how they went. Arguments: `[checks|unit|system|compat|guest|fault] [PATTERN]`; without a part, everything.
 * PATTERN is a piece of a file's path, or of a check's name.
 */
import { readHostState } from '../../test/harness/host-state.ts';
import { runChecks } from './checks.ts';
import { compareHost } from './host-comparison.ts';
import { type Outcome, total } from './outcome.ts';
import { paint, Progress } from './progress.ts';
import { runSuite, SUITES } from './suite.ts';

const PARTS = ['checks', ...SUITES.map(({ name }) => name)];
const [part = 'all', pattern = ''] = process.argv.slice(2);
if (part !== 'all' && !PARTS.includes(part)) {
  console.error(`There is no part '${part}'. Parts: ${PARTS.join(', ')}, or all.`);
  process.exit(2);
}
const wanted = (name: string): boolean => part === 'all' || part === name;
const outcomes: Outcome[] = [];
// See test/harness/programs.ts.
process.env['POUCH_TEST_PROGRAMS'] = 'built';

const before = await readHostState();
if (wanted('checks')) await report('checks', async (progress) => runChecks(pattern, progress));
for (const suite of SUITES) {
  if (wanted(suite.name)) await report(suite.name, async (progress) => await runSuite(suite, pattern, progress));
}
if (outcomes.every((outcome) => total([outcome]).passed + total([outcome]).failed + outcome.skipped.size === 0)) {
  console.error(`Nothing in ${part} is called like '${pattern}'.`);
  process.exit(2);
}
await report('host', async () => await compareHost(before));

const { passed, failed, skipped } = total(outcomes);
for (const { failures } of outcomes) for (const failure of failures) showFailure(failure);
showSkipped();
showFailed();
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);

async function report(name: string, run: (progress: Progress) => Promise<Outcome>): Promise<void> {
  const progress = new Progress(name);
  const outcome = await run(progress);
  const sum = total([outcome]);
  const parts = [`${sum.passed} passed`];
  if (sum.failed > 0) parts.push(`${sum.failed} failed`);
  if (sum.skipped > 0) parts.push(`${sum.skipped} skipped`);
  progress.end(sum.failed === 0, parts.join(', '));
  outcomes.push(outcome);
}

function showFailure({ name, place, detail }: Outcome['failures'][number]): void {
  console.log(`\n${paint('red', '✗')} ${paint('bold', name)}  ${paint('dim', place)}`);
  console.log(detail.replaceAll(/^/gm, '    '));
}

function showSkipped(): void {
  const reasons = new Map<string, number>();
  for (const outcome of outcomes) {
    for (const [told, count] of outcome.skipped) {
      const reason = (told.split('\n')[0] as string).replaceAll(/\/tmp\/\S+/g, '…');
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
  }
  if (reasons.size === 0) return;
  console.log(`\n${paint('bold', 'Skipped')}`);
  for (const [reason, count] of reasons) console.log(`  ${String(count).padStart(3)}  ${reason}`);
}

/** Each failure once more in a line, last: a record of a run may keep only its end. */
function showFailed(): void {
  const lines = outcomes.flatMap(({ failures }) => failures.map(({ name, place }) => `  ${place}  ${name}`));
  if (lines.length > 0) console.log(`\n${paint('bold', 'Failed')}\n${lines.join('\n')}`);
}
