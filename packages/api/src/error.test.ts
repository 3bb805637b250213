import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PouchError } from '@pouch/base';
import { errorFromResponse, errorResponse } from './error.ts';

test('an error crosses the wire with its kind and message', () => {
  for (const code of ['not-found', 'conflict', 'unsupported', 'unavailable', 'too-large', 'internal'] as const) {
    const { status, body } = errorResponse(new PouchError(code, 'No such container: a'));
    const back = errorFromResponse(status, JSON.stringify(body));
    assert.deepEqual([back.code, back.message], [code, 'No such container: a']);
  }
});

test('an answer in other words is still an error', () => {
  assert.equal(errorFromResponse(418, '').message, 'The daemon answered with HTTP status 418.');
  assert.equal(errorFromResponse(418, '').code, 'invalid-argument');
  assert.equal(errorFromResponse(599, '<html>').message, '<html>');
});
