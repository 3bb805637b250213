import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, execInspect, inspect, remove, start, StreamClient } from './container.kit.ts';

let daemon: TestDaemon;
let id: string;
before(async () => {
  daemon = await TestDaemon.start();
  id = await start(daemon, ['sleep', '1000'], { Env: ['FROM=container'], WorkingDir: '/var' });
});
after(async () => await daemon[Symbol.asyncDispose]());

async function run(...args: readonly string[]): Promise<string> {
  return (await daemon.pouch(['exec', ...args])).stdout.trim();
}

async function createExec(body: object): Promise<string> {
  return ((await daemon.ok('POST', `/containers/${id}/exec`, body)).json as { Id: string }).Id;
}

test('output and exit codes', async () => {
  const answer = await daemon.pouch(['exec', id, 'sh', '-c', 'echo out; echo err >&2; exit 9'], { allowFailure: true });
  assert.deepEqual(answer, { code: 9, stdout: 'out\n', stderr: 'err\n' });
  const missing = await daemon.pouch(['exec', id, 'nosuch'], { allowFailure: true });
  assert.equal(missing.code, 127);
  assert.match(missing.stdout, /exec: "nosuch": executable file not found in \$PATH/);
  const plain = await daemon.pouch(['exec', id, '/etc/passwd'], { allowFailure: true });
  assert.equal(plain.code, 126);
  const killed = await daemon.pouch(['exec', id, 'sh', '-c', 'kill -9 $$'], { allowFailure: true });
  assert.equal(killed.code, 137);
});

test('user, groups, working directory and environment', async () => {
  assert.equal(await run(id, 'pwd'), '/var');
  assert.equal(await run('-w', '/tmp', id, 'pwd'), '/tmp');
  assert.equal(await run('-u', 'user', id, 'id'), 'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)');
  assert.equal(await run('-u', '4321:99', id, 'sh', '-c', 'id -u; id -g'), '4321\n99');
  assert.equal(await run('-e', 'MORE=yes', id, 'sh', '-c', 'echo $FROM $MORE $HOME'), 'container yes /root');
  const unknown = await daemon.pouch(['exec', '-u', 'nobody-here', id, 'true'], { allowFailure: true });
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.stderr, /nobody-here/);
});

test('privileged has what the container has not', async () => {
  const bits = async (...flags: string[]): Promise<bigint> =>
    BigInt(`0x${(await run(...flags, id, 'sh', '-c', 'grep CapEff /proc/self/status')).split(/\s+/).at(-1)}`);
  const [plain, privileged] = [await bits(), await bits('--privileged')];
  assert.equal(plain & privileged, plain);
  assert.notEqual(plain, privileged);
});

test('interactive: input, its end, and then the output', async () => {
  const { stdout } = await daemon.pouch(['exec', '-i', id, 'sh', '-c', 'wc -l; echo done'], { input: 'a\nb\n' });
  assert.equal(stdout, '2\ndone\n');
  const input = 'x'.repeat(3_000_000);
  assert.equal((await daemon.pouch(['exec', '-i', id, 'wc', '-c'], { input })).stdout.trim(), '3000000');
});

test('a terminal, and its size', async () => {
  const exec = await createExec({
    Cmd: ['sh', '-c', 'tty; stty size; read x; stty size; exit 3'],
    Tty: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  using client = await StreamClient.open(daemon, `/exec/${exec}/start`, { Tty: true, ConsoleSize: [31, 91] });
  await client.sees('/dev/pts/');
  await client.sees('31 91');
  assert.equal((await execInspect(daemon, exec)).Running, true);
  await daemon.ok('POST', `/exec/${exec}/resize?h=41&w=81`);
  client.write('\n');
  await client.sees('41 81');
  await client.ended;
  const { Running: running, ExitCode: code } = await execInspect(daemon, exec);
  assert.deepEqual([running, code], [false, 3]);
});

test('detached: it runs on without us, and once only', async () => {
  assert.equal((await daemon.pouch(['exec', '-d', id, 'sh', '-c', 'echo here > /tmp/detached'])).stdout, '');
  await eventually('the file', async () => (await run(id, 'cat', '/tmp/detached')) === 'here');
  const exec = await createExec({ Cmd: ['sh', '-c', 'exit 5'] });
  await daemon.ok('POST', `/exec/${exec}/start`, { Detach: true });
  await eventually('its end', async () => (await execInspect(daemon, exec)).ExitCode === 5);
  assert.equal((await daemon.api('POST', `/exec/${exec}/start`, { Detach: true })).status, 409);
  assert.equal((await daemon.api('GET', '/exec/nosuch/json')).status, 404);
});

test('detach keys leave the process to itself', async () => {
  const exec = await createExec({
    Cmd: ['sh', '-c', 'echo ready; read x; sleep 1000'],
    Tty: true,
    AttachStdin: true,
    AttachStdout: true,
    DetachKeys: 'ctrl-x',
  });
  using client = await StreamClient.open(daemon, `/exec/${exec}/start`, { Tty: true });
  await client.sees('ready');
  client.write('\u0018');
  await client.ended;
  const found = await execInspect(daemon, exec);
  assert.equal(found.Running, true);
  assert.deepEqual((await inspect(daemon, id)).ExecIDs?.includes(exec), true);
  process.kill(found.Pid ?? 0, 'SIGKILL');
  await eventually('its end', async () => (await execInspect(daemon, exec)).ExitCode === 137);
});

test('a client that goes away holds nothing up', async () => {
  const exec = await createExec({
    Cmd: ['sh', '-c', 'head -c 20000000 /dev/zero; touch /tmp/all-written'],
    AttachStdout: true,
  });
  const client = await StreamClient.open(daemon, `/exec/${exec}/start`, {});
  client.pause();
  client[Symbol.dispose]();
  await eventually('it has written all', async () => (await execInspect(daemon, exec)).ExitCode === 0);
  assert.equal(await run(id, 'ls', '/tmp/all-written'), '/tmp/all-written');
});

test('an exec that ends its container still tells its exit code', async () => {
  const other = await start(daemon, ['sh', '-c', 'while ! test -e /go; do sleep 0.01; done']);
  await daemon.pouch(['exec', other, 'touch', '/go']);
  await remove(daemon, other);
});

test('many at once', async () => {
  const outputs = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => await run(id, 'echo', `number ${index}`)),
  );
  assert.deepEqual(
    outputs,
    Array.from({ length: 12 }, (_, index) => `number ${index}`),
  );
});

test('an exec is answered also where its end is told before its start', async () => {
  const one = async (): Promise<void> => {
    const exec = await createExec({ Cmd: ['true'], AttachStdout: true });
    const { text } = await daemon.ok('POST', `/exec/${exec}/start`, { Detach: false, Tty: false });
    assert.equal(text, '');
    assert.equal((await execInspect(daemon, exec)).ExitCode, 0);
  };
  const series = Array.from({ length: 12 }, async () => {
    for (let round = 0; round < 8; round += 1) await one();
  });
  await Promise.all(series);
});

test('users are those that the container has by now', async () => {
  const own = await start(daemon, ['sleep', '1000']);
  await daemon.pouch(['exec', own, 'sh', '-c', 'echo late:x:77:78::/tmp:/bin/sh >> /etc/passwd']);
  assert.equal(await run('-u', 'late', own, 'sh', '-c', 'id -u; id -g; echo $HOME'), '77\n78\n/tmp');
  await daemon.pouch(['exec', own, 'sh', '-c', 'rm /etc/passwd']);
  const gone = await daemon.pouch(['exec', '-u', 'user', own, 'true'], { allowFailure: true });
  assert.match(gone.stderr, /unable to find user user/);
  await remove(daemon, own);
});

test('a stopped container takes none, and its execs end with it', async () => {
  const other = await start(daemon, ['sleep', '1000']);
  const exec = daemon.pouch(['exec', other, 'sh', '-c', 'echo up; sleep 1000'], { allowFailure: true });
  await eventually('the exec', async () => ((await inspect(daemon, other)).ExecIDs?.length ?? 0) > 0);
  await daemon.pouch(['kill', other]);
  assert.equal((await exec).code, 137);
  const refused = await daemon.pouch(['exec', other, 'true'], { allowFailure: true });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is not running/);
  await remove(daemon, other);
});
