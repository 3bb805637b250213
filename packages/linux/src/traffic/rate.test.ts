import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { parseRate } from './rate.ts';

test("rates are read in tc's units, bits or bytes, with a burst or a fitting one", () => {
  assert.deepEqual(parseRate('20mbit'), { bits: 20e6, burst: 25_000 });
  assert.deepEqual(parseRate('1.5mbps:64k'), { bits: 12e6, burst: 65_536 });
  assert.deepEqual(parseRate('100000'), { bits: 100_000, burst: 16_384 });
  assert.equal(parseRate('10gbit').burst, 12_500_000);
});

test('what is no rate, or out of bounds, is refused', () => {
  for (const text of [
    '',
    'fast',
    '1kbit',
    '101gbit',
    '-5mbit',
    '20mbit:',
    '20mbit:1',
    '20mbit:1g',
    '20 mbit',
    '1e3mbit',
  ]) {
    assert.throws(
      () => parseRate(text),
      (error) => isErrorCode(error, 'invalid-argument'),
      text,
    );
  }
});
