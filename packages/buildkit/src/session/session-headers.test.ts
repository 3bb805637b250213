import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionHeaders, sessionId } from './session-headers.ts';

test('only what describes the session is taken, with a value for each method', () => {
  const headers = sessionHeaders([
    ...['Host', 'docker', 'Upgrade', 'h2c', 'X-Docker-Expose-Session-Uuid', 'abc'],
    ...['X-Docker-Expose-Session-Grpc-Method', '/a.B/C', 'x-docker-expose-session-grpc-method', '/a.B/D'],
    ...['X-Docker-Expose-Session-Name', ''],
  ]);
  assert.deepEqual(headers, {
    'x-docker-expose-session-uuid': ['abc'],
    'x-docker-expose-session-grpc-method': ['/a.B/C', '/a.B/D'],
    'x-docker-expose-session-name': [''],
  });
  assert.equal(sessionId(headers), 'abc');
  assert.equal(sessionId({}), undefined);
});
