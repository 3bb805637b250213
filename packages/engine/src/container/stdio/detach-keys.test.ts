import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_DETACH_KEYS, DetachScanner, parseDetachKeys } from './detach-keys.ts';

test('notation', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('a,ctrl-@,ctrl-_')], [97, 0, 31]);
  assert.throws(() => parseDetachKeys('ctrl-ü'), /Unknown character/);
});

test('the sequence is found across chunks, and a beginning that leads nowhere is passed on', () => {
  const scanner = new DetachScanner(DEFAULT_DETACH_KEYS);
  assert.deepEqual(scanner.push(Uint8Array.of(1, 16)), { pass: Uint8Array.of(1), detached: false });
  assert.deepEqual(scanner.push(Uint8Array.of(2)), { pass: Uint8Array.of(16, 2), detached: false });
  assert.deepEqual(scanner.push(Uint8Array.of(16, 16)), { pass: Uint8Array.of(16), detached: false });
  assert.deepEqual(scanner.push(Uint8Array.of(17, 9)), { pass: Uint8Array.of(), detached: true });
});
