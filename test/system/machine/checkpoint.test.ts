import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HostFeature, SystemInfo } from '@pouch/api';
import { exec, sleep } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { inspect, logsOf, remove, untilStatus } from '../container/container.kit.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
});

after(async () => await daemon[Symbol.asyncDispose]());

async function fails(...args: string[]): Promise<string> {
  const answer = await daemon.pouch(args, { allowFailure: true });
  assert.notEqual(answer.code, 0, args.join(' '));
  return answer.stderr;
}

test('where host or runtime cannot, it is said why, and the container runs on', async () => {
  await daemon.pouch(['run', '-d', '--name', 'frozen', 'busybox', 'sleep', '1000']);
  assert.equal((await daemon.pouch(['checkpoint', 'ls', 'frozen'])).stdout, 'CHECKPOINT NAME\n');
  assert.match(await fails('checkpoint', 'rm', 'frozen', 'none'), /does not exist/);
  assert.match(await fails('checkpoint', 'create', 'frozen', '../x'), /Invalid checkpoint ID/);
  const check = await exec('criu', ['check'], { allowFailure: true }).catch(() => undefined);
  if (check?.code !== 0) {
    const said = await fails('checkpoint', 'create', 'frozen', 'first');
    assert.match(said, /checkpoints are not possible here: (CRIU is not installed|'criu check' says)/);
    assert.match(await fails('start', '--checkpoint', 'first', 'frozen'), /not possible here/);
  }
  assert.equal((await inspect(daemon, 'frozen')).State.Status, 'running');
  await remove(daemon, 'frozen');
});

test('info says whether the host has what machines use of it: dumb-init, an sftp-server, CRIU', async () => {
  const { Features = [] } = (await daemon.ok('GET', '/info')).json as SystemInfo;
  const of = (name: string): HostFeature | undefined => Features.find(({ Name }) => Name === name);
  const has = async (script: string): Promise<boolean> =>
    (await exec('sh', ['-c', script], { allowFailure: true })).code === 0;
  assert.equal(of('dumb-init')?.Available, await has('command -v dumb-init'));
  assert.equal(
    of('sftp-server')?.Available,
    await has('ls /usr/lib/openssh/sftp-server || ls /usr/libexec/openssh/sftp-server'),
  );
  assert.equal(of('criu')?.Available, await has('criu check'));
  for (const { Name, Detail } of Features.filter(({ Available }) => !Available))
    assert.match(Detail, /install|cannot|needs|was built without/, `${Name}: what to do about it`);
  assert.match((await daemon.pouch(['info'])).stdout, /dumb-init: .*\n.*sftp-server: .*\n.*criu: /);
});

test('a process goes on where it was', async (t) => {
  const check = await exec('criu', ['check'], { allowFailure: true }).catch(() => undefined);
  if (check?.code !== 0)
    return t.skip(check ? "'criu check' refuses this kernel" : 'criu is not installed on this host');
  const count = 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done';
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'counter',
    '--runtime',
    'runc',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    count,
  ]);
  await sleep(1000);
  await daemon.pouch(['checkpoint', 'create', 'counter', 'first']);
  await untilStatus(daemon, 'counter', 'exited');
  assert.match((await daemon.pouch(['checkpoint', 'ls', 'counter'])).stdout, /^first$/m);
  const reached = Number((await logsOf(daemon, 'counter')).trim().split('\n').at(-1));
  await daemon.pouch(['start', '--checkpoint', 'first', 'counter']);
  await sleep(1000);
  const lines = (await logsOf(daemon, 'counter')).trim().split('\n').map(Number);
  assert.ok((lines.at(-1) as number) > reached);
  assert.equal(lines.filter((line) => line === 0).length, 1, 'it did not begin anew');
  await daemon.pouch(['checkpoint', 'rm', 'counter', 'first']);
  await remove(daemon, 'counter');
});
