import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { ContainerStats } from '@pouch/api';
import { exec } from '@pouch/base';
import { listLinks, probeTraffic } from '@pouch/linux';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, remove } from '../container/container.kit.ts';

const MBIT = 1e6;
const { bandwidthMissing } = await probeTraffic();
const skip = bandwidthMissing ?? (existsSync('/usr/bin/iperf3') ? false : 'iperf3 is not installed');
/** iperf3 and its libraries, which the image has not. */
const HOST_PROGRAMS = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
let daemon: TestDaemon;

before(async () => {
  if (!skip) daemon = await TestDaemon.start();
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

async function serve(name: string, ...args: string[]): Promise<void> {
  await daemon.pouch(['run', '-d', '--name', name, ...args, ...HOST_PROGRAMS, 'busybox', '/usr/bin/iperf3', '-s']);
}

/** Bits per second into the container, or out of it, over some seconds without the first. */
async function measure(name: string, direction: 'ingress' | 'egress', seconds = 4): Promise<number> {
  const address = (await inspect(daemon, name)).NetworkSettings.Networks.bridge?.IPAddress ?? '';
  const args = ['-c', address, '-J', '-O', '1', '-t', String(seconds), ...(direction === 'egress' ? ['-R'] : [])];
  return await eventually('iperf3 measures', async () => {
    const { stdout } = await exec('iperf3', args, { allowFailure: true });
    const { end } = JSON.parse(stdout) as { end?: { sum_received?: { bits_per_second: number } } };
    return end?.sum_received?.bits_per_second;
  });
}

function within(bits: number, wanted: number, percent: number, what: string): void {
  const off = Math.abs(bits / wanted - 1) * 100;
  assert.ok(off <= percent, `${what}: ${(bits / MBIT).toFixed(2)} Mbit/s, wanted ${wanted / MBIT} ± ${percent} %`);
}

const stats = async (name: string): Promise<ContainerStats> =>
  (await daemon.ok('GET', `/containers/${name}/stats?stream=false&one-shot=true`)).json as ContainerStats;

test('traffic is held to its rate in each direction, and free in the other', { skip }, async (t) => {
  await serve('down', '--net-ingress', '20mbit');
  await serve('up', '--net-egress', '20mbit');
  const [down, free, up] = [
    await measure('down', 'ingress'),
    await measure('up', 'ingress', 2),
    await measure('up', 'egress'),
  ];
  t.diagnostic(
    `ingress ${(down / MBIT).toFixed(2)}, egress ${(up / MBIT).toFixed(2)} Mbit/s of 20; unlimited ${(free / MBIT).toFixed(0)}`,
  );
  within(down, 20 * MBIT, 5, 'ingress');
  within(up, 20 * MBIT, 5, 'egress');
  assert.ok(free > 100 * MBIT, `the other direction: ${free}`);
  const { bandwidth = {} } = await stats('up');
  assert.ok((bandwidth.eth0?.egress?.bytes ?? 0) > 5_000_000);
  assert.equal((await inspect(daemon, 'up')).HostConfig.NetEgress, '20mbit');
  await remove(daemon, 'down', 'up');
});

test('root in the container cannot lift it', { skip }, async () => {
  await serve('root', '--net-egress', '20mbit', '--net-ingress', '20mbit', '--cap-add', 'NET_ADMIN');
  const lift =
    'tc qdisc del dev eth0 root; tc qdisc del dev eth0 ingress; tc qdisc add dev eth0 root tbf rate 1gbit burst 1m latency 10ms; true';
  await daemon.pouch(['exec', 'root', 'sh', '-c', `PATH=$PATH:/usr/sbin; ${lift}`]);
  within(await measure('root', 'egress'), 20 * MBIT, 5, 'egress');
  within(await measure('root', 'ingress'), 20 * MBIT, 5, 'ingress');
  await remove(daemon, 'root');
});

test('update changes it while it runs, and at the next start', { skip }, async () => {
  await serve('changed', '--net-egress', '100mbit');
  await daemon.pouch(['update', '--net-egress', '10mbit', '--net-ingress', '30mbit', 'changed']);
  within(await measure('changed', 'egress'), 10 * MBIT, 5, 'egress');
  within(await measure('changed', 'ingress'), 30 * MBIT, 5, 'ingress');
  await daemon.pouch(['restart', '-t', '0', 'changed']);
  within(await measure('changed', 'egress'), 10 * MBIT, 5, 'egress after a restart');
  await remove(daemon, 'changed');
});

test('it holds over kills of pouchd, and a removed container leaves no device', { skip }, async () => {
  await serve('kept', '--net-egress', '20mbit');
  await daemon.down('SIGKILL');
  await daemon.up();
  within(await measure('kept', 'egress'), 20 * MBIT, 5, 'egress');
  await daemon.pouch(['network', 'create', 'second']);
  await daemon.pouch(['network', 'connect', 'second', 'kept']);
  const mirrors = async (): Promise<string[]> =>
    (await listLinks())
      .filter(({ kind, ifname }) => kind === 'ifb' && ifname.startsWith('pi'))
      .map(({ ifname }) => ifname);
  await eventually('each interface has one', async () => (await mirrors()).length === 2);
  await remove(daemon, 'kept');
  await eventually('no device is left', async () => (await mirrors()).length === 0);
  await daemon.pouch(['network', 'rm', 'second']);
});

test('what is no rate, or has no interface to limit, is refused', { skip }, async () => {
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['--net-egress', 'fast'], /invalid rate: 'fast'/],
    [['--net-egress', '1kbit'], /from 8kbit to 100gbit/],
    [['--net-ingress', '20mbit:1'], /invalid burst/],
    [['--net-ingress', '20mbit; reboot'], /invalid rate/],
    [['--net-ingress', '20mbit', '--network', 'host'], /interfaces of the container's own/],
    [['--net-ingress', '20mbit', '--network', 'none'], /interfaces of the container's own/],
  ];
  for (const [args, message] of refused) {
    const { code, stderr } = await daemon.pouch(['run', '--rm', ...args, 'busybox', 'true'], { allowFailure: true });
    assert.equal(code, 125, args.join(' '));
    assert.match(stderr, message, args.join(' '));
  }
  assert.match((await daemon.pouch(['info'])).stdout, /bandwidth: token buckets/);
});
