import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PouchError } from '@pouch/base';
import { execError, startError } from './start-error.ts';

test("a failed start is told in Docker's words, with the command's name", () => {
  const crun = 'failed to create shim task: OCI runtime create failed: exec: permission denied: unknown';
  const told = startError(new PouchError('command-not-executable', crun), '/etc/passwd');
  assert.ok(told instanceof PouchError);
  assert.equal(told.code, 'command-not-executable');
  assert.equal(
    told.message,
    'failed to create task for container: failed to create shim task: OCI runtime create failed: ' +
      'unable to start container process: exec: "/etc/passwd": permission denied',
  );
});

test('what the runtime says of anything else stays its own', () => {
  const mount = 'failed to create shim task: OCI runtime create failed: mount `x`: No such file or directory: unknown';
  const told = startError(new PouchError('upstream', mount), 'sh') as PouchError;
  assert.equal(told.message, `failed to create task for container: ${mount.replace(': unknown', '')}`);
  const other = new PouchError('unavailable', 'containerd is away');
  assert.equal(startError(other, 'sh'), other);
});

test('a failed exec names its command, too', () => {
  const crun = 'OCI runtime exec failed: exec: permission denied: unknown';
  const told = execError(new PouchError('command-not-executable', crun), '/etc') as PouchError;
  assert.equal(
    told.message,
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "/etc": permission denied',
  );
});
