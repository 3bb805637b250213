import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, logsOf, remove } from '../container/container.kit.ts';

const directory = mkdtempSync(join(tmpdir(), 'pouch-hooks-'));
const plugins = join(directory, 'plugins');
const calls = join(directory, 'calls');
let daemon: TestDaemon;

/** An executable that notes every call and answers as the container's or volume's name asks. */
const PROGRAM = `#!/bin/sh
if [ "$1" = describe ]; then
  echo '{"points": ["pre-create", "post-create", "pre-start", "post-start", "pre-stop", "post-stop", "pre-update", "volume-create", "network-attach"], "priority": 10, "timeout": 2}'
  exit
fi
event=$(cat)
echo "$1 $event" >> ${calls}
case "$1 $event" in
  pre-start*'"name":"slow"'*) sleep 1000 ;;
  *'"name":"refused'*) echo 'not on my watch' >&2; exit 3 ;;
  volume-create*'"volume":"labelled"'*) echo '{"request": {"labels": {"by": "plugin"}, "anonymous": false}}' ;;
  volume-create*'"volume":"odd"'*) echo '{"request": {"labels": 7}}' ;;
esac
`;

const MODULE = `
import { appendFileSync } from 'node:fs';
export const points = ['pre-create', 'post-stop'];
export const priority = 20;
export async function handle(point, event) {
  appendFileSync('${calls}', 'module ' + point + '\\n');
  if (point === 'post-stop') throw new Error('a failure after the end is only logged');
  if (event.name !== 'changed') return undefined;
  return { request: { ...event.request, Env: ['FROM=plugin'] } };
}
`;

before(async () => {
  mkdirSync(plugins);
  writeFileSync(join(plugins, 'audit'), PROGRAM);
  chmodSync(join(plugins, 'audit'), 0o755);
  writeFileSync(join(plugins, 'edit.mjs'), MODULE);
  writeFileSync(join(plugins, 'README'), 'not executable: no plugin');
  daemon = await TestDaemon.start(['--plugin-dir', plugins]);
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function fails(...args: string[]): Promise<string> {
  const answer = await daemon.pouch(args, { allowFailure: true });
  assert.notEqual(answer.code, 0, args.join(' '));
  return answer.stderr;
}

test('the init script runs before the command, as root, and its failure is the start’s', async () => {
  const script = 'id -u > /tmp/who; echo "$A" >> /tmp/who';
  const output = await daemon.run([
    '-u',
    'user',
    '-e',
    'A=b',
    '--initscript',
    script,
    'busybox',
    'sh',
    '-c',
    'cat /tmp/who; id -u',
  ]);
  assert.equal(output, '0\nb\n1000');
  const said = await fails(
    'run',
    '--name',
    'scripted',
    '--initscript',
    'echo to stdout; echo to stderr >&2; exit 5',
    'busybox',
    'echo',
    'never',
  );
  assert.match(said, /init script failed with exit code 5/);
  assert.match(said, /to stdout/);
  assert.match(said, /to stderr/);
  assert.equal((await inspect(daemon, 'scripted')).State.Status, 'created');
  assert.equal(await logsOf(daemon, 'scripted'), '');
  await remove(daemon, 'scripted');
  assert.match(await fails('run', '--rm', '--initscript', '/no/such', 'busybox', 'true'), /no\/such/);
});

test("the host's programs run at the runtime's stages", async () => {
  const note = join(directory, 'note');
  writeFileSync(note, `#!/bin/sh\ncat > ${directory}/$1\n`);
  chmodSync(note, 0o755);
  const flags = ['createRuntime', 'createContainer', 'poststart', 'poststop'].flatMap((stage) => [
    '--hook',
    `${stage}=${note},${stage}`,
  ]);
  await daemon.run([...flags, '--hook', 'startContainer=/bin/touch,/tmp/hooked', 'busybox', 'ls', '/tmp/hooked']);
  for (const stage of ['createRuntime', 'poststart', 'poststop']) {
    await eventually(`${stage} was called`, async () => existsSync(join(directory, stage)));
    const state = JSON.parse(readFileSync(join(directory, stage), 'utf8')) as { id: string };
    assert.match(state.id, /^[0-9a-f]{64}$/, stage);
  }
  assert.match(await fails('run', '--rm', '--hook', 'createRuntime=/bin/false', 'busybox', 'true'), /hook/);
  assert.match(await fails('create', '--hook', 'prestart=/bin/true', 'busybox'), /unknown hook stage 'prestart'/);
  assert.match(await fails('create', '--hook', 'poststop=true', 'busybox'), /invalid hook/);
});

test('plugins are called at every point of a life, in order', async () => {
  rmSync(calls, { force: true });
  await daemon.pouch(['run', '-d', '--name', 'life', '-v', 'labelled:/data', 'busybox', 'sleep', '1000']);
  await daemon.pouch(['update', '--memory', '64m', '--memory-swap', '64m', 'life']);
  await daemon.pouch(['stop', '-t', '0', 'life']);
  await eventually('post-stop was told', async () => readFileSync(calls, 'utf8').includes('module post-stop'));
  const points = readFileSync(calls, 'utf8')
    .split('\n')
    .map((line) => line.replace(/ \{.*/, ''));
  const order = [
    'pre-create',
    'module pre-create',
    'volume-create',
    'pre-start',
    'network-attach',
    'pre-update',
    'pre-stop',
    'post-stop',
  ];
  assert.deepEqual(
    points.filter((point) => order.includes(point)),
    order,
  );
  for (const point of ['post-create', 'post-start']) assert.ok(points.includes(point), point);
  const volume = (await daemon.ok('GET', '/volumes/labelled')).json as { Labels: object };
  assert.deepEqual(volume.Labels, { by: 'plugin' });
  await remove(daemon, 'life');
});

test('a plugin changes a request, refuses one, or takes too long', async () => {
  assert.match(await daemon.run(['--name', 'changed', 'busybox', 'env']), /^FROM=plugin$/m);
  assert.match(
    await fails('create', '--name', 'refused1', 'busybox'),
    /plugin audit refused at pre-create: not on my watch/,
  );
  assert.match(await fails('volume', 'create', 'odd'), /labels of text/);
  assert.match(
    await fails('run', '--rm', '--name', 'slow', 'busybox', 'true'),
    /refused at pre-start: it did not answer within 2 s/,
  );
  assert.equal((await daemon.pouch(['ps', '-aq'])).stdout, '');
});

test('a plugin that others may write to keeps the daemon from starting', async () => {
  await daemon.down();
  chmodSync(join(plugins, 'audit'), 0o777);
  await assert.rejects(async () => await daemon.up(), /writable by root only/);
  chmodSync(join(plugins, 'audit'), 0o755);
  await daemon.up();
});
