import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sleep } from '@pouch/base';
import { POUCH_IN_SHELL } from '../../harness/programs.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { create, eventually, exitCode, inspect, logsOf, remove, start, StreamClient } from './container.kit.ts';

const BOTH = 'stream=1&stdin=1&stdout=1&stderr=1';
const OUTPUT = 'stream=1&stdout=1&stderr=1';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

test('attached before the start: everything from the first byte, and the end', async () => {
  const id = await create(daemon, ['sh', '-c', 'echo first; echo second >&2']);
  using client = await StreamClient.open(daemon, `/containers/${id}/attach?${OUTPUT}`);
  await daemon.ok('POST', `/containers/${id}/start`);
  await client.ended;
  assert.deepEqual([client.stdout, client.stderr], ['first\n', 'second\n']);
  await remove(daemon, id);
});

test('half-closed input ends the process, and its output still comes', async () => {
  const id = await create(daemon, ['sh', '-c', 'wc -c; echo done'], { OpenStdin: true, StdinOnce: true });
  using client = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  await daemon.ok('POST', `/containers/${id}/start`);
  client.write('x'.repeat(100_000));
  client.end();
  await client.ended;
  assert.equal(client.stdout, '100000\ndone\n');
  await remove(daemon, id);
});

test('piped input of some megabytes arrives whole', async () => {
  const input = `${'0123456789abcdef'.repeat(4)}\n`.repeat(100_000);
  const { stdout } = await daemon.pouch(['run', '--rm', '-i', 'busybox', 'md5sum'], { input });
  const { createHash } = await import('node:crypto');
  assert.equal(stdout, `${createHash('md5').update(input).digest('hex')}  -\n`);
});

test('without StdinOnce the input stays open for the next client', async () => {
  const id = await start(daemon, ['cat'], { OpenStdin: true });
  using first = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  first.write('one\n');
  await first.sees('one\n');
  first.end();
  await sleep(50);
  first[Symbol.dispose]();
  using second = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  second.write('two\n');
  await second.sees('two\n');
  assert.equal((await inspect(daemon, id)).State.Status, 'running');
  await remove(daemon, id);
});

test('detach keys leave it running, and a later client takes it up again', async () => {
  const id = await start(daemon, ['sh'], { OpenStdin: true, Tty: true });
  using first = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  first.write('echo a$((1+1))b\n');
  await first.sees('a2b');
  first.write('\u0010\u0011');
  await first.ended;
  assert.equal((await inspect(daemon, id)).State.Status, 'running');
  using second = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}&logs=1&detachKeys=ctrl-a,x`);
  await second.sees('a2b');
  second.write('echo c$((1+2))d\n');
  await second.sees('c3d');
  second.write('\u0001x');
  await second.ended;
  assert.equal((await inspect(daemon, id)).State.Status, 'running');
  assert.equal((await daemon.api('POST', `/containers/${id}/attach?${BOTH}&detachKeys=nonsense-keys`)).status, 400);
  using third = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  third.write('exit 4\n');
  await third.ended;
  assert.equal(await exitCode(daemon, id), 4);
  await remove(daemon, id);
});

test('several clients see the same, and any of them may type', async () => {
  const id = await start(daemon, ['cat'], { OpenStdin: true });
  using one = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  using two = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  using watcher = await StreamClient.open(daemon, `/containers/${id}/attach?${OUTPUT}`);
  one.write('from one\n');
  await Promise.all([one, two, watcher].map((client) => client.sees('from one\n')));
  two.write('from two\n');
  await Promise.all([one, two, watcher].map((client) => client.sees('from two\n')));
  one[Symbol.dispose]();
  two.write('still\n');
  await watcher.sees('still\n');
  await remove(daemon, id);
  await watcher.ended;
});

test('a client that does not read holds up neither the container nor others', async () => {
  const id = await create(daemon, ['sh', '-c', 'head -c 50000000 /dev/zero | tr "\\0" x; echo; echo end']);
  using slow = await StreamClient.open(daemon, `/containers/${id}/attach?${OUTPUT}`);
  slow.pause();
  using fast = await StreamClient.open(daemon, `/containers/${id}/attach?${OUTPUT}`);
  await daemon.ok('POST', `/containers/${id}/start`);
  assert.equal(await exitCode(daemon, id), 0);
  await fast.ended;
  assert.equal(fast.stdout.length, 50_000_005);
  slow.resume();
  await slow.ended;
  assert.equal(slow.stdout.length, 50_000_005);
  await remove(daemon, id);
});

test('a terminal has the size it is given', async () => {
  const id = await start(daemon, ['sh'], { OpenStdin: true, Tty: true });
  using client = await StreamClient.open(daemon, `/containers/${id}/attach?${BOTH}`);
  await daemon.ok('POST', `/containers/${id}/resize?h=33&w=101`);
  client.write('stty size\n');
  await client.sees('33 101');
  await daemon.ok('POST', `/containers/${id}/resize?h=44&w=77`);
  client.write('stty size\n');
  await client.sees('44 77');
  await remove(daemon, id);
  assert.equal((await daemon.api('POST', `/containers/${id}/resize?h=1&w=1`)).status, 404);
});

test('pouch attach follows to the end and takes the exit code', async () => {
  const id = await start(daemon, ['sh', '-c', 'while ! test -e /go; do sleep 0.02; done; echo over; exit 6']);
  const attached = daemon.pouch(['attach', id], { allowFailure: true });
  const filters = encodeURIComponent(JSON.stringify({ event: ['attach'], container: [id] }));
  const events = `/events?since=1&until=`;
  await eventually('it is attached', async () => {
    return (await daemon.ok('GET', `${events}${Math.ceil(Date.now() / 1000)}&filters=${filters}`)).text !== '';
  });
  await daemon.pouch(['exec', id, 'touch', '/go']);
  assert.deepEqual(await attached, { code: 6, stdout: 'over\n', stderr: '' });
  const stopped = await daemon.pouch(['attach', id], { allowFailure: true });
  assert.equal(stopped.code, 1);
  assert.match(stopped.stderr, /stopped container/);
  await remove(daemon, id);
});

test('start -a and -i give the streams of another run', async () => {
  const { stdout } = await daemon.pouch(['create', '-i', 'busybox', 'sh', '-c', 'read line; echo "got $line"; exit 2']);
  const id = stdout.trim();
  for (const word of ['one', 'two']) {
    const answer = await daemon.pouch(['start', '-ai', id], { input: `${word}\n`, allowFailure: true });
    assert.deepEqual(answer, { code: 2, stdout: `got ${word}\n`, stderr: '' });
  }
  assert.equal(await logsOf(daemon, id), 'got one\ngot two\n');
  await remove(daemon, id);
});

test('run -a joins only what was asked for', async () => {
  const script = 'echo out; echo err >&2';
  const { stdout, stderr } = await daemon.pouch(['run', '--rm', '-a', 'stderr', 'busybox', 'sh', '-c', script]);
  assert.deepEqual([stdout, stderr], ['', 'err\n']);
});

test('a terminal in front of the CLI: raw, sized, detached by its keys', async () => {
  const { exec } = await import('@pouch/base');
  const env = { POUCH_HOST: `unix://${daemon.socket}`, HOME: daemon.directory, TERM: 'xterm' };
  const run = async (command: string): Promise<string> =>
    (
      await exec('script', ['-qec', `stty rows 30 cols 90; ${POUCH_IN_SHELL} ${command}`, '/dev/null'], {
        env,
      })
    ).stdout;
  const output = await run('run --rm -it busybox sh -c "tty; stty size"');
  assert.match(output, /\/dev\/(pts\/\d|console)/);
  assert.match(output, /30 90/);
  const id = await start(daemon, ['cat'], { OpenStdin: true, Tty: true });
  const detached = await exec('script', ['-qec', `${POUCH_IN_SHELL} attach --detach-keys q ${id}`, '/dev/null'], {
    env,
    input: 'q',
  });
  assert.match(detached.stdout, /read escape sequence/);
  await eventually('still running', async () => (await inspect(daemon, id)).State.Running);
  await remove(daemon, id);
});
