import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCE = join(import.meta.dirname, 'session-priority.ts');
const reason = !existsSync('/proc/self/autogroup')
  ? 'this kernel does not group by session'
  : process.getuid?.() !== 0
    ? 'only root may'
    : false;
/** Sets it, and tells its own session's and that of a session which it begins. */
const PROGRAM = `
  import { setSessionPriority } from ${JSON.stringify(SOURCE)};
  import { spawnSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  const set = await setSessionPriority(-5);
  const other = spawnSync('cat', ['/proc/self/autogroup'], { detached: true, encoding: 'utf8' }).stdout;
  const nice = (text) => / nice (-?\\d+)/.exec(text)?.[1];
  console.log(set, nice(readFileSync('/proc/self/autogroup', 'utf8')), nice(other));`;
const NODE = [process.execPath, '--input-type=module', '--eval', PROGRAM];

test('a session of its own goes first, and the sessions that it begins do not', { skip: reason }, () => {
  assert.equal(execFileSync('setsid', ['--wait', ...NODE], { encoding: 'utf8' }), 'true -5 0\n');
});

test('the session of somebody else is left alone', { skip: reason }, () => {
  const script = `"$@"; true`;
  const { stdout } = spawnSync('setsid', ['--wait', 'sh', '-c', script, 'sh', ...NODE], { encoding: 'utf8' });
  assert.equal(stdout, 'false 0 0\n');
});
