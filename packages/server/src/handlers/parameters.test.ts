import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nowNanos } from '@pouch/base';
import { onePlatform, parseTail, parseTimestamp, platformText, terminalSize } from './parameters.ts';

test('timestamps in all of the notations of Docker', () => {
  assert.equal(parseTimestamp(undefined, 'since'), undefined);
  assert.equal(parseTimestamp('0', 'since'), undefined);
  assert.equal(parseTimestamp('0.000000000', 'since'), undefined);
  assert.equal(parseTimestamp('1700000000', 'since'), 1_700_000_000_000_000_000n);
  assert.equal(parseTimestamp('1700000000.5', 'since'), 1_700_000_000_500_000_000n);
  assert.equal(parseTimestamp('1700000000.000000001', 'since'), 1_700_000_000_000_000_001n);
  assert.equal(parseTimestamp('2026-01-01T00:00:00Z', 'since'), BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  const minuteAgo = parseTimestamp('1m', 'since') as bigint;
  assert.ok(nowNanos() - minuteAgo >= 60_000_000_000n);
  for (const wrong of ['yesterday', '1e9', '--1', '99999999999999', 'x'.repeat(10_000)]) {
    assert.throws(() => parseTimestamp(wrong, 'since'), /invalid value for "since"/);
  }
});

test('tails, platforms and sizes', () => {
  assert.deepEqual(['all', '', undefined, '-1', 'x', '0', '10'].map(parseTail), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    0,
    10,
  ]);
  assert.equal(platformText({ os: 'linux', architecture: 'arm', variant: 'v7' }), 'linux/arm/v7');
  assert.equal(onePlatform(undefined), undefined);
  assert.throws(
    () =>
      onePlatform([
        { os: 'linux', architecture: 'a' },
        { os: 'linux', architecture: 'b' },
      ]),
    /several/,
  );
  assert.deepEqual(terminalSize({ h: 24, w: 80 }), { height: 24, width: 80 });
  assert.throws(() => terminalSize({ h: -1, w: 80 }), /height/);
  assert.throws(() => terminalSize({ h: 1, w: 1e9 }), /width/);
});
