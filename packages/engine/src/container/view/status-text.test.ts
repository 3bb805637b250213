import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roughDuration } from './status-text.ts';

test('durations read as Docker prints them', () => {
  const shown = [0.4, 1, 30, 90, 600, 4000, 9000, 100_000, 200_000, 1_500_000, 8_000_000, 80_000_000].map(
    roughDuration,
  );
  assert.deepEqual(shown, [
    'Less than a second',
    '1 second',
    '30 seconds',
    'About a minute',
    '10 minutes',
    'About an hour',
    '3 hours',
    '28 hours',
    '2 days',
    '2 weeks',
    '3 months',
    '2 years',
  ]);
});
