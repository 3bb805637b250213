import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { probeTraffic, readInterfaceCounters } from '@pouch/linux';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { remove } from '../container/container.kit.ts';

const { priorityMissing } = await probeTraffic();
const skip = priorityMissing ?? (existsSync('/usr/bin/iperf3') ? false : 'iperf3 is not installed');
const HOST_PROGRAMS = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
/** An uplink of our own, so that the machine's stays as it is; at its other end a host with iperf3. */
const UPLINK = `up${process.pid}`;
const FAR = `far${process.pid}`;
const FAR_ADDRESS = '198.51.100.2';
const servers: ChildProcess[] = [];
let daemon: TestDaemon;

const ip = async (...args: string[]): Promise<unknown> => await exec('ip', args);

before(async () => {
  if (skip) return;
  await ip('netns', 'add', FAR);
  await ip('link', 'add', UPLINK, 'type', 'veth', 'peer', 'name', 'near', 'netns', FAR);
  await ip('addr', 'add', '198.51.100.1/24', 'dev', UPLINK);
  await ip('link', 'set', UPLINK, 'up');
  for (const args of [
    ['addr', 'add', `${FAR_ADDRESS}/24`, 'dev', 'near'],
    ['link', 'set', 'near', 'up'],
  ]) {
    await ip('-n', FAR, ...args);
  }
  for (const port of ['5301', '5302']) {
    servers.push(spawn('ip', ['netns', 'exec', FAR, 'iperf3', '-s', '-p', port], { stdio: 'ignore' }));
  }
  daemon = await TestDaemon.start(['--net-uplink', UPLINK, '--net-uplink-rate', '40mbit']);
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
  for (const server of servers) server.kill('SIGKILL');
  if (!skip) {
    await exec('ip', ['link', 'delete', UPLINK], { allowFailure: true });
    await exec('ip', ['netns', 'delete', FAR], { allowFailure: true });
  }
});

const queue = async (): Promise<string> => (await exec('tc', ['qdisc', 'show', 'dev', UPLINK, 'root'])).stdout;

async function container(name: string, ...args: string[]): Promise<void> {
  await daemon.pouch(['run', '-d', '--name', name, ...args, ...HOST_PROGRAMS, 'busybox', 'sleep', '600']);
}

/** Mbit/s that arrive at the far host. */
async function send(name: string, port: number, seconds: number): Promise<number> {
  const args = ['/usr/bin/iperf3', '-c', FAR_ADDRESS, '-p', String(port), '-J', '-O', '1', '-t', String(seconds)];
  const { stdout } = await daemon.pouch(['exec', name, ...args]);
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e6;
}

/** Mbit/s over the uplink while `work` is done. */
async function whileSending(work: () => Promise<unknown>): Promise<number> {
  const sent = async (): Promise<number> => (await readInterfaceCounters(process.pid))[UPLINK]?.txBytes ?? 0;
  const [bytes, begin] = [await sent(), performance.now()];
  await work();
  return (((await sent()) - bytes) * 8) / 1000 / (performance.now() - begin);
}

/** Classes say who goes first where not all can go: on a busy host the flows take a while to fill it. */
async function untilFull(): Promise<void> {
  for (let seconds = 0; seconds < 30; seconds += 1) {
    if ((await whileSending(async () => await sleep(1000))) > 36) return;
  }
  throw new Error('the uplink of 40 Mbit/s was not filled within 30 seconds');
}

test('the uplink is left alone until a container asks, and is as it was after the last', { skip }, async () => {
  const untouched = await queue();
  await container('plain');
  assert.equal(await queue(), untouched);
  await container('first', '--net-priority', '1');
  assert.match(await queue(), /qdisc htb 1a0:/);
  await daemon.down('SIGKILL');
  await daemon.up();
  assert.match((await exec('nft', ['list', 'table', 'inet', `pouch_${daemon.name}_priority`])).stdout, /1a0:1/);
  await remove(daemon, 'plain', 'first');
  assert.doesNotMatch(await queue(), /htb/);
});

test('who has the better class is served first when the uplink is full', { skip }, async (t) => {
  await container('victim', '--net-priority', '1');
  await container('noisy', '--net-priority', '7');
  const amid = async (): Promise<number> => {
    const noise = ['-c', FAR_ADDRESS, '-p', '5302', '-P', '16', '-t', '60'];
    await daemon.pouch(['exec', '-d', 'noisy', '/usr/bin/iperf3', ...noise]);
    await untilFull();
    let found = 0;
    const all = await whileSending(async () => (found = await send('victim', 5301, 6)));
    t.diagnostic(`${found.toFixed(1)} of ${all.toFixed(1)} Mbit/s`);
    await daemon.pouch(['exec', 'noisy', 'killall', 'iperf3']);
    return found;
  };
  const victim = await amid();
  await daemon.pouch(['update', '--net-priority', '7', 'victim']);
  const equal = await amid();
  t.diagnostic(`of 40 Mbit/s beside sixteen flows: ${victim.toFixed(1)} in class 1, ${equal.toFixed(1)} in theirs`);
  assert.ok(victim > 30, `class 1 has ${victim}`);
  assert.ok(equal < 28, `the same class has ${equal}`);
  await remove(daemon, 'victim', 'noisy');
});

test('what is no class, or has no address, is refused; a queue of somebody else stays', { skip }, async () => {
  for (const [args, message] of [
    [['--net-priority', '8'], /1 \(served first\) to 7/],
    [['--net-priority', '-1'], /1 \(served first\) to 7/],
    [['--net-priority', '1', '--network', 'host'], /address of the container's own/],
  ] as const) {
    const { code, stderr } = await daemon.pouch(['run', '--rm', ...args, 'busybox', 'true'], { allowFailure: true });
    assert.equal(code, 125, args.join(' '));
    assert.match(stderr, message);
  }
  await exec('tc', [
    'qdisc',
    'replace',
    'dev',
    UPLINK,
    'root',
    'tbf',
    'rate',
    '1gbit',
    'burst',
    '100k',
    'latency',
    '10ms',
  ]);
  const refused = await daemon.pouch(['run', '--rm', '--net-priority', '1', 'busybox', 'true'], { allowFailure: true });
  assert.match(refused.stderr, /has a queue \(tbf\) of somebody else's/);
  assert.match(await queue(), /tbf/);
  await exec('tc', ['qdisc', 'del', 'dev', UPLINK, 'root']);
});
