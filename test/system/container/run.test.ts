import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

test('run prints what the container prints and ends with its exit code', async () => {
  assert.equal(await daemon.run(['busybox', 'echo', 'hello']), 'hello');
  const failed = await daemon.pouch(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7'], {
    allowFailure: true,
  });
  assert.deepEqual(failed, { code: 7, stdout: 'out\n', stderr: 'err\n' });
});

test('a command that is not there ends with 127, one that cannot be executed with 126', async () => {
  const missing = await daemon.pouch(['run', '--rm', 'busybox', 'nosuch'], { allowFailure: true });
  assert.equal(missing.code, 127);
  assert.match(missing.stderr, /exec: "nosuch": executable file not found in \$PATH/);
  const plain = await daemon.pouch(['run', '--rm', 'busybox', '/etc/passwd'], { allowFailure: true });
  assert.equal(plain.code, 126);
});

test('input reaches the container and its end too', async () => {
  const { stdout } = await daemon.pouch(['run', '--rm', '-i', 'busybox', 'wc', '-l'], { input: 'a\nb\nc\n' });
  assert.equal(stdout.trim(), '3');
});

test('nothing of a container that was run with --rm stays', async () => {
  const { stdout } = await daemon.pouch(['ps', '-aq']);
  assert.equal(stdout, '');
});

test('every start has a seccomp filter, compiled or kept, and so have execs', async () => {
  const status = ['grep', '^Seccomp:', '/proc/self/status'];
  for (const runtime of ['crun', 'crun', 'runc']) {
    assert.match(await daemon.run(['--runtime', runtime, 'busybox', ...status]), /2$/);
  }
  const id = (await daemon.pouch(['run', '-d', 'busybox', 'sleep', '60'])).stdout.trim();
  assert.match((await daemon.pouch(['exec', id, ...status])).stdout, /2\n$/);
  await daemon.pouch(['rm', '-f', id]);
  assert.match(await daemon.run(['--security-opt', 'seccomp=unconfined', 'busybox', ...status]), /0$/);
});
