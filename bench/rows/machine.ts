import { dirname, join } from 'node:path';
import { exec, PouchError, sleep } from '@pouch/base';
import { machineArchive } from '../../test/harness/machine-image.ts';
import { interruption } from '../interruption.ts';
import { LxcMachine } from '../lxc-machine.ts';
import { type Row, timeClient } from '../measure.ts';
import { call, type Peer, type Peers } from '../peer.ts';

const NAME = 'bench-machine';
const PATIENCE = 120_000;

/**
 * From the command to `systemctl is-system-running` saying running, beside lxc-start of the same root file system on the same
 * bridge. Both are asked from the host, in the machine's namespaces: the way of asking costs them the same.
 */
export async function machineToRunning(peers: Peers, runs: number): Promise<Row> {
  const { pouch } = peers;
  const archive = await machineArchive('systemd');
  await timeClient(pouch, ['import', '-c', 'CMD ["/sbin/init"]', archive, 'machine:systemd']);
  await using lxc = await LxcMachine.unpack({
    programs: peers.lxc,
    directory: join(dirname(pouch.directory), 'lxc'),
    archive,
    ...(await networkOf(pouch)),
  });
  const found = { pouch: [] as number[], lxc: [] as number[] };
  for (let run = 0; run <= runs; run += 1) {
    interruption.signal.throwIfAborted();
    const ours = await timePouch(pouch);
    await sleep(500);
    const theirs = await timeLxc(lxc);
    await sleep(500);
    if (run === 0) continue;
    found.pouch.push(ours);
    found.lxc.push(theirs);
  }
  return {
    what: 'systemd machine to running',
    unit: 'ms',
    pouch: found.pouch,
    docker: found.lxc,
    other: `lxc-start ${await lxc.version()}`,
    bound: { kind: '≤', ratio: 1 },
  };
}

async function timePouch(pouch: Peer): Promise<number> {
  const begin = performance.now();
  await timeClient(pouch, ['run', '-d', '--name', NAME, '--rich', '--rich-mode', 'systemd', 'machine:systemd']);
  const { State } = (await call(pouch, 'GET', `/containers/${NAME}/json`)) as { State: { Pid: number } };
  await untilRunning(State.Pid);
  const took = performance.now() - begin;
  await call(pouch, 'DELETE', `/containers/${NAME}?force=1`);
  return took;
}

async function timeLxc(lxc: LxcMachine): Promise<number> {
  await lxc.stop();
  const begin = performance.now();
  await lxc.start();
  await untilRunning(await lxc.pid());
  const took = performance.now() - begin;
  await lxc.stop();
  return took;
}

async function untilRunning(pid: number): Promise<void> {
  const args = ['--target', String(pid), '--all', 'systemctl', 'is-system-running', '--wait'];
  for (const end = performance.now() + PATIENCE; performance.now() < end; await sleep(10)) {
    // systemd answers nobody in its first moments.
    const { stdout, stderr } = await exec('nsenter', args, { allowFailure: true, timeout: PATIENCE });
    if (stdout.trim() === 'running') return;
    if (stdout.trim() === 'degraded') throw new PouchError('internal', `the machine ${pid} is degraded: ${stderr}`);
  }
  throw new PouchError('deadline-exceeded', `the machine ${pid} is not running after ${PATIENCE / 1000} s`);
}

/** An address far from those that Pouch gives first. */
async function networkOf(pouch: Peer): Promise<{ bridge: string; address: string; gateway: string }> {
  const { IPAM, Options } = (await call(pouch, 'GET', '/networks/bridge')) as {
    IPAM: { Config: { Subnet: string; Gateway: string }[] };
    Options: Record<string, string>;
  };
  const { Subnet = '', Gateway = '' } = IPAM.Config[0] ?? {};
  const last = Gateway.replace(/\d+$/, '250');
  return {
    bridge: Options['com.docker.network.bridge.name'] ?? '',
    address: `${last}/${Subnet.split('/')[1]}`,
    gateway: Gateway,
  };
}
