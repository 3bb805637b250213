/**
 * Runs test files in the guest: `test/guest/run [--systemd] [--xfs] [--processors N] [--minutes N] [--only PATTERN] FILES...`, or
 * `--shell` for a shell in it.
 */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/build/inputs.ts';
import { Guest, withoutGuest } from './guest.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    systemd: { type: 'boolean', default: false },
    xfs: { type: 'boolean', default: false },
    shell: { type: 'boolean', default: false },
    processors: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    only: { type: 'string' },
    patience: { type: 'string', default: '15' },
  },
});
const missing = withoutGuest();
if (missing) fail(`No guest can be started: ${missing}.`);
const files = positionals.flatMap((pattern) => globSync(relative(ROOT, resolve(pattern)), { cwd: ROOT })).toSorted();
if (files.length === 0 && !values.shell)
  fail('Which test files? For example: test/guest/run test/system/isolation/*.test.ts');

const minutes = Number(values.minutes) * 60_000;
await using guest = await Guest.start({
  files,
  patience: Number(values.patience),
  timeout: minutes,
  only: values.only,
  init: values.systemd ? 'systemd' : 'script',
  data: values.xfs ? 'xfs' : 'ext4',
  interactive: values.shell,
  processors: Number(values.processors),
  deadline: minutes,
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => guest.turnOff());
try {
  if (values.shell) await guest.off();
  else process.exitCode = await follow();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function follow(): Promise<number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const marks = { passed: '✓', failed: '✗', skipped: '-' };
  let code = 1;
  for await (const event of guest.events()) {
    if (event.kind === 'end') {
      code = event.code;
      if (code !== 0 && counts.failed === 0) console.error(guest.console());
    }
    if (event.kind === 'said') process.stderr.write(event.text.replaceAll(/^(?=.)/gm, '      '));
    if (event.kind === 'test') {
      counts[event.outcome] += 1;
      const seconds = (event.milliseconds / 1000).toFixed(1);
      console.log(`  ${marks[event.outcome]} ${[...event.path, event.name].join(' › ')}  (${seconds} s)`);
      if (event.detail !== '') console.log(event.detail.replaceAll(/^/gm, '      '));
    }
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in the guest`);
  return code;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
