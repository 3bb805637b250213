import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const INSIDE = 'POUCH_TEST_NETNS';

/**
 * Run a test file in a network namespace of its own, so that nothing on the host is touched. False in the outer process
 * (which then has one test: that the inner one passed); true inside.
 */
export function inOwnNetns(url: string): boolean {
  const file = fileURLToPath(url);
  if (process.env[INSIDE] === file) return true;
  test(`${basename(file)} in a network namespace of its own`, { timeout: 180_000 }, async () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const child = spawn('unshare', ['--net', process.execPath, file], {
      env: { ...environment, [INSIDE]: file },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    assert.equal(code, 0, output);
  });
  return false;
}
