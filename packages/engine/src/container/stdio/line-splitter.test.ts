import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LINE, splitLines } from './line-splitter.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('whole lines are taken, the rest waits', () => {
  const { lines, consumed } = splitLines(Buffer.from('a\n\nbc\nrest'), false);
  assert.deepEqual(
    lines.map((line) => text(line.data)),
    ['a\n', '\n', 'bc\n'],
  );
  assert.equal(consumed, 6);
});

test('at the end the rest is an incomplete line', () => {
  const { lines, consumed } = splitLines(Buffer.from('rest'), true);
  assert.deepEqual(
    lines.map((line) => [text(line.data), line.complete]),
    [['rest', false]],
  );
  assert.equal(consumed, 4);
});

test('a long line is cut at 16 KiB and never inside a character', () => {
  const long = Buffer.from(`${'x'.repeat(MAX_LINE - 1)}äöü${'y'.repeat(MAX_LINE)}\n`);
  const { lines, consumed } = splitLines(long, true);
  assert.equal(consumed, long.length);
  assert.equal(lines.map((line) => text(line.data)).join(''), long.toString());
  assert.equal(lines[0]?.data.length, MAX_LINE - 1);
  assert.ok(lines.every((line) => line.data.length <= MAX_LINE));
});

test('whatever the chunks, every byte is taken once and in order', () => {
  const source = Buffer.from(
    Array.from({ length: 500 }, (_, index) => 'ü'.repeat((index * 37) % 20_000) + (index % 3 ? '\n' : '')).join(''),
  );
  let held = Buffer.alloc(0);
  let result = '';
  for (let at = 0; at < source.length; at += 7919) {
    held = Buffer.concat([held, source.subarray(at, at + 7919)]);
    const { lines, consumed } = splitLines(held, at + 7919 >= source.length);
    result += lines.map((line) => text(line.data)).join('');
    held = held.subarray(consumed);
    assert.ok(held.length <= MAX_LINE);
  }
  assert.equal(result, source.toString());
});
