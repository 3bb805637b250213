import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { create, eventually, exitCode, inspect, logsOf, remove, start } from './container.kit.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

test('both streams, each to its own, and the tail of them', async () => {
  // Two pipes keep no order between them: what is written at once may be read in either.
  const script = 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; printf unfinished';
  const id = await start(daemon, ['sh', '-c', script]);
  await exitCode(daemon, id);
  const { stdout, stderr } = await daemon.pouch(['logs', id]);
  assert.equal(stdout, 'one\nthree\nunfinished');
  assert.equal(stderr, 'two\n');
  assert.equal((await daemon.pouch(['logs', '--tail', '1', id])).stdout, 'unfinished');
  const two = await daemon.pouch(['logs', '-n', '3', id]);
  assert.equal(two.stdout + two.stderr, 'three\nunfinishedtwo\n');
  const none = await daemon.pouch(['logs', '--tail', '0', id]);
  assert.equal(none.stdout + none.stderr, '');
  const { status, text } = await daemon.api('GET', `/containers/${id}/logs`);
  assert.equal(status, 400);
  assert.match(text, /must specify at least one of 'stdout' or 'stderr'/);
  await remove(daemon, id);
});

test('timestamps, since and until', async () => {
  const id = await start(daemon, ['sh', '-c', 'for i in 1 2 3 4 5; do echo $i; sleep 0.1; done']);
  await exitCode(daemon, id);
  const lines = (await daemon.pouch(['logs', '-t', id])).stdout.trim().split('\n');
  assert.equal(lines.length, 5);
  for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z [1-5]$/);
  const third = (lines[2] as string).split(' ')[0] as string;
  assert.equal((await daemon.pouch(['logs', '--since', third, id])).stdout, '3\n4\n5\n');
  assert.equal((await daemon.pouch(['logs', '--until', third, id])).stdout, '1\n2\n3\n');
  assert.equal((await daemon.pouch(['logs', '--since', third, '--until', third, id])).stdout, '3\n');
  assert.equal((await daemon.pouch(['logs', '--since', '1h', id])).stdout, '1\n2\n3\n4\n5\n');
  assert.equal((await daemon.pouch(['logs', '--until', '1h', id])).stdout, '');
  await remove(daemon, id);
});

test('follow gives what was, what comes, and ends with the container', async () => {
  const id = await start(daemon, [
    'sh',
    '-c',
    'echo early; while ! test -e /go; do sleep 0.02; done; echo late; exit 1',
  ]);
  await eventually('early', async () => (await logsOf(daemon, id)) === 'early\n');
  const following = daemon.pouch(['logs', '-f', id]);
  const fromNow = daemon.pouch(['logs', '-f', '--tail', '0', id]);
  const bounded = await daemon.pouch(['logs', '-f', '--until', new Date(Date.now() + 300).toISOString(), id]);
  assert.equal(bounded.stdout, 'early\n');
  await daemon.pouch(['exec', id, 'touch', '/go']);
  assert.equal((await following).stdout, 'early\nlate\n');
  assert.equal((await fromNow).stdout, 'late\n');
  await remove(daemon, id);
});

test('the log of every run is kept, and follow goes through rotations', async () => {
  const id = await create(
    daemon,
    ['sh', '-c', 'seq 1 20000; while ! test -e /go; do sleep 0.02; done; seq 20001 40000'],
    {
      HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '200k', 'max-file': '3' } } },
    },
  );
  await daemon.ok('POST', `/containers/${id}/start`);
  await eventually('20000', async () => (await daemon.pouch(['logs', '--tail', '1', id])).stdout === '20000\n');
  const following = daemon.pouch(['logs', '-f', '--tail', '1', id]);
  await daemon.pouch(['exec', id, 'touch', '/go']);
  const numbers = (await following).stdout.trim().split('\n').map(Number);
  assert.equal(numbers.at(-1), 40_000);
  assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number)));
  const directory = dirname((await inspect(daemon, id)).LogPath);
  const files = readdirSync(directory).filter((name) => name.includes('json.log'));
  assert.equal(files.length, 3, files.join(' '));
  const kept = (await daemon.pouch(['logs', id])).stdout.trim().split('\n').map(Number);
  assert.equal(kept.at(-1), 40_000);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 40_000 - kept.length + 1 + index),
  );
  await remove(daemon, id);
});

test('rotated files are compressed and still read', async () => {
  const options = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=5', '--log-opt', 'compress=true'];
  const { stdout } = await daemon.pouch([
    'run',
    '-d',
    ...options,
    'busybox',
    'sh',
    '-c',
    'seq 1 3000; sleep 0.3; seq 3001 6000',
  ]);
  const id = stdout.trim();
  await exitCode(daemon, id);
  const directory = dirname((await inspect(daemon, id)).LogPath);
  await eventually(
    'a compressed file',
    async () => await Promise.resolve(readdirSync(directory).some((name) => name.endsWith('.gz'))),
  );
  const kept = (await daemon.pouch(['logs', id])).stdout.trim().split('\n').map(Number);
  assert.equal(kept.at(-1), 6000);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 6000 - kept.length + 1 + index),
  );
  assert.equal((await daemon.pouch(['logs', '--tail', '3500', id])).stdout.split('\n').length, 3501);
  await remove(daemon, id);
});

test('details show chosen labels, variables and the tag', async () => {
  const { stdout } = await daemon.pouch([
    'run',
    '-d',
    '--name',
    'detailed',
    '--label',
    'role=web',
    '--label',
    'other=x',
    '-e',
    'STAGE=test',
    '--log-opt',
    'labels=role',
    '--log-opt',
    'env=STAGE',
    '--log-opt',
    'tag={{.Name}}',
    'busybox',
    'echo',
    'hello',
  ]);
  const id = stdout.trim();
  await exitCode(daemon, id);
  assert.equal((await daemon.pouch(['logs', '--details', id])).stdout, 'STAGE=test,role=web,tag=detailed hello\n');
  await remove(daemon, id);
});

test('none keeps nothing, attached output all the same', async () => {
  assert.equal(await daemon.run(['--log-driver', 'none', 'busybox', 'echo', 'seen']), 'seen');
  const id = await start(daemon, ['echo', 'x'], { HostConfig: { LogConfig: { Type: 'none', Config: {} } } });
  await exitCode(daemon, id);
  const refused = await daemon.pouch(['logs', id], { allowFailure: true });
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /configured logging driver does not support reading/);
  await remove(daemon, id);
  const unknown = await daemon.pouch(['run', '--log-driver', 'nosuch', 'busybox', 'true'], { allowFailure: true });
  assert.equal(unknown.code, 125);
  assert.match(unknown.stderr, /nosuch/);
});

test('non-blocking never holds the container up and keeps the newest', async () => {
  const { stdout } = await daemon.pouch([
    'run',
    '-d',
    '--log-opt',
    'mode=non-blocking',
    '--log-opt',
    'max-buffer-size=64k',
    'busybox',
    'sh',
    '-c',
    'seq 1 300000; echo end',
  ]);
  const id = stdout.trim();
  assert.equal(await exitCode(daemon, id), 0);
  assert.equal((await daemon.pouch(['logs', '--tail', '1', id])).stdout, 'end\n');
  await remove(daemon, id);
});

test('a terminal makes one stream, and bytes that are no UTF-8 and long lines come through', async () => {
  const tty = (await daemon.pouch(['run', '-d', '-t', 'busybox', 'sh', '-c', 'echo out; echo err >&2'])).stdout.trim();
  await exitCode(daemon, tty);
  assert.equal((await daemon.pouch(['logs', tty])).stdout, 'out\r\nerr\r\n');
  const long = await start(daemon, ['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo end']);
  await exitCode(daemon, long);
  const { stdout } = await daemon.pouch(['logs', long]);
  assert.ok(stdout === `${'x'.repeat(300_000)}\nend\n`);
  await remove(daemon, tty, long);
});

test('several followers at once get the same', async () => {
  const id = await start(daemon, ['sh', '-c', 'while ! test -e /go; do sleep 0.02; done; seq 1 5000']);
  const followers = Array.from({ length: 4 }, () => daemon.pouch(['logs', '-f', id]));
  await daemon.pouch(['exec', id, 'touch', '/go']);
  const outputs = await Promise.all(followers);
  for (const { stdout } of outputs) assert.equal(stdout, outputs[0]?.stdout);
  assert.equal(outputs[0]?.stdout.split('\n').at(-2), '5000');
  await remove(daemon, id);
});
