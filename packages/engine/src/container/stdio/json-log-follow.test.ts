import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeJsonLine } from './json-log-entry.ts';
import { readJsonLog } from './json-log-reader.ts';

test('a line written while a follower meets the end of the log is not missed', { timeout: 5000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-follow-'));
  try {
    const path = join(directory, 'json.log');
    writeFileSync(path, '');
    let waits = 0;
    const follow = {
      ended: false,
      changes: 0,
      changed: async (_: AbortSignal, seen: number) => {
        waits += 1;
        // The write came between the look, which met the end, and this wait: nothing else will ever come.
        if (waits === 1) {
          const entry = { stream: 'stdout' as const, data: Buffer.from('late\n'), time: 1n };
          appendFileSync(path, encodeJsonLine(entry, ''));
          follow.changes += 1;
        }
        if (seen === follow.changes) await new Promise(() => {});
      },
    };
    const options = { stdout: true, stderr: true, follow: true, timestamps: false, details: false };
    const driver = { path, maxFiles: 1, generation: 0 };
    for await (const { data } of readJsonLog(driver, options, follow, new AbortController().signal)) {
      assert.equal(Buffer.from(data).toString(), 'late\n');
      break;
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
