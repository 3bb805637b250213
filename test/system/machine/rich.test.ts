import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerStats } from '@pouch/api';
import { exec } from '@pouch/base';
import { importMachine, withoutMachine } from '../../harness/machine-image.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, logsOf, remove, untilStatus } from '../container/container.kit.ts';

const skip = withoutMachine();
let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  if (!skip) await importMachine(daemon);
});

after(async () => await daemon[Symbol.asyncDispose]());

async function inside(name: string, command: string): Promise<string> {
  const { stdout, stderr } = await daemon.pouch(['exec', '-u', '0', name, 'sh', '-c', command], { allowFailure: true });
  return (stdout + stderr).trim();
}

async function untilRunning(name: string): Promise<void> {
  await eventually(
    `systemd in ${name} is running`,
    async () => (await inside(name, 'systemctl is-system-running')) === 'running',
    60_000,
  );
}

test('systemd: running without privileges, with the command as its service', { skip }, async () => {
  const command = 'id -u; pwd; echo "$A"; echo err >&2; trap "echo bye; exit 7" TERM; while :; do sleep 1; done';
  const flags = ['-d', '--name', 'service', '--memory', '256m', '-e', 'A=b  c', '-u', 'www-data', '-w', '/srv/x'];
  await daemon.pouch(['run', ...flags, '--rich', '--rich-mode', 'systemd', 'machine:systemd', 'sh', '-c', command]);
  await untilRunning('service');
  assert.match(await inside('service', 'systemctl status pouch-command --no-pager'), /active \(running\)/);
  for (const unit of ['ssh', 'cron', 'nginx'])
    assert.equal(await inside('service', `systemctl is-active ${unit}`), 'active');
  const { stdout, stderr } = await daemon.pouch(['logs', 'service']);
  assert.equal(stdout, '33\n/srv/x\nb  c\n');
  assert.equal(stderr, 'err\n');
  const stats = (await daemon.ok('GET', '/containers/service/stats?stream=false&one-shot=true')).json as ContainerStats;
  assert.ok((stats.pids_stats.current ?? 0) >= 6, 'all services are counted');
  assert.ok((stats.memory_stats.usage ?? 0) > 5_000_000);
});

test('systemd: limits cannot be lifted from inside', { skip }, async () => {
  const file = await inside(
    'service',
    'ls -d /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
  );
  assert.match(await inside('service', `echo 1073741824 > ${file}`), /Read-only|Permission denied|Invalid argument/);
  assert.doesNotMatch(await inside('service', `cat ${file}`), /1073741824/);
});

test('systemd: outlives pouchd, stops by its own signal, and starts again', { skip }, async () => {
  await daemon.down('SIGKILL');
  await daemon.up();
  await untilRunning('service');
  const started = Date.now();
  await daemon.pouch(['stop', '-t', '30', 'service']);
  assert.ok(Date.now() - started < 20_000, 'it was not killed');
  const { State } = await inspect(daemon, 'service');
  assert.equal(State.ExitCode, 7, "the command's own");
  assert.match(await logsOf(daemon, 'service'), /^bye$/m);
  await daemon.pouch(['start', 'service']);
  await untilRunning('service');
  await remove(daemon, 'service');
});

test("the exit code is the command's, also when a signal ended it", { skip }, async () => {
  const code = async (...args: string[]): Promise<number> =>
    (await daemon.pouch(['run', '--rm', '--rich', ...args], { allowFailure: true })).code;
  assert.equal(await code('--rich-mode', 'systemd', 'machine:systemd', 'sh', '-c', 'exit 3'), 3);
  assert.equal(await code('--rich-mode', 'systemd', 'machine:systemd', 'sh', '-c', 'kill -9 $$'), 137);
  assert.equal(await code('--rich-mode', 'systemd', 'machine:systemd', 'no-such-command'), 127);
});

test('a machine is kept when its command ends, or has none; health checks and restart policies work', {
  skip,
}, async () => {
  const health = ['--health-cmd', 'systemctl is-active nginx', '--health-interval', '500ms'];
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'kept',
    '--rich',
    '--rich-mode',
    'systemd',
    '--rich-keep',
    ...health,
    'machine:systemd',
    'sh',
    '-c',
    'echo done; exit 2',
  ]);
  await eventually('the command has ended', async () => /^done$/m.test(await logsOf(daemon, 'kept')));
  await eventually('healthy', async () => (await inspect(daemon, 'kept')).State.Health?.Status === 'healthy', 60_000);
  await daemon.pouch(['stop', '-t', '30', 'kept']);
  assert.equal((await inspect(daemon, 'kept')).State.ExitCode, 0, "the machine's");
  await remove(daemon, 'kept');
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'init',
    '--restart',
    'on-failure:1',
    '--rich',
    '--rich-mode',
    'sbin-init',
    'machine:systemd',
  ]);
  await untilRunning('init');
  assert.equal((await inspect(daemon, 'init')).Config.RichMode, 'sbin-init');
  await daemon.pouch(['restart', '-t', '30', 'init']);
  await untilRunning('init');
  await inside('init', 'systemctl poweroff');
  await untilStatus(daemon, 'init', 'exited');
  await remove(daemon, 'init');
});

test('dumb-init comes from the host, into any image', async (t) => {
  const there = await exec('sh', ['-c', 'command -v dumb-init'], { allowFailure: true });
  const answer = await daemon.pouch(
    ['run', '--rm', '--rich', '-u', 'user', 'busybox', 'sh', '-c', 'cat /proc/1/cmdline; id -u; exit 4'],
    { allowFailure: true },
  );
  if (there.code !== 0) {
    assert.match(answer.stderr, /install the package dumb-init/);
    return t.skip('dumb-init is not installed on this host');
  }
  assert.equal(answer.code, 4);
  assert.match(answer.stdout, /dumb-init.*1000\n$/s);
});

test('an inittab: busybox runs the command as one of its processes, by label of the image', async () => {
  const changes = ['-c', 'LABEL pouch.rich=true pouch.rich-mode=sbin-init', '-c', 'CMD ["sh"]'];
  // The same root file system with an init where one is looked for.
  await daemon.pouch([
    'run',
    '--name',
    'maker',
    'busybox',
    'sh',
    '-c',
    'mkdir /sbin && ln -s ../bin/busybox /sbin/init',
  ]);
  await daemon.pouch(['commit', ...changes, 'maker', 'busyinit']);
  await remove(daemon, 'maker');
  const answer = await daemon.pouch(
    ['run', '--rm', '-u', 'user', '-e', 'A=b', 'busyinit', 'sh', '-c', 'id -u; echo $A; ps; exit 5'],
    { allowFailure: true },
  );
  assert.equal(answer.code, 5, answer.stdout + answer.stderr);
  assert.match(answer.stdout, /^1000\nb\n/m);
  assert.match(answer.stdout, /^ +1 root +init$/m);
  assert.match(await daemon.run(['--rich=false', 'busyinit', 'ps']), /^ +1 root +ps$/m);
  await daemon.pouch(['run', '-d', '--name', 'busy', 'busyinit', 'sleep', '1000']);
  const started = Date.now();
  await daemon.pouch(['stop', '-t', '30', 'busy']);
  assert.ok(Date.now() - started < 20_000, 'it was not killed');
  await remove(daemon, 'busy');
});

test('what an image or a request cannot have is refused', { skip }, async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const answer = await daemon.pouch(['create', ...args], { allowFailure: true });
    assert.notEqual(answer.code, 0, args.join(' '));
    return answer.stderr;
  };
  assert.match(await refused('--rich', '--rich-mode', 'systemd', 'busybox'), /needs an image with systemd/);
  assert.match(await refused('--rich', '--rich-mode', 'sbin-init', 'busybox'), /none/);
  assert.match(await refused('--rich', '--rich-mode', 'upstart', 'busybox'), /upstart/);
  assert.match(await refused('--rich', '--pid', 'host', 'busybox'), /PID namespace of its own/);
  assert.match(await refused('--rich', '--init', 'busybox'), /conflicting/);
  assert.match(await refused('--rich', '--rich-keep', 'busybox'), /RichKeep/);
  assert.match(
    await refused('--rich', '--rich-mode', 'systemd', '--cgroupns', 'host', 'machine:systemd'),
    /cgroup namespace/,
  );
  assert.equal((await daemon.pouch(['ps', '-aq'])).stdout, '');
});
