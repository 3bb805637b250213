import { sleep } from '@pouch/base';
import { interruption } from '../interruption.ts';
import { pairs, type Row, timeClient } from '../measure.ts';
import { call, type Peer } from '../peer.ts';
import { processesOf, residentMegabytes } from '../processes.ts';
import { both } from './clients.ts';
import type { Peers } from '../peer.ts';

/**
 * Resident memory of daemon and containerd, a while after the last request: just started, and after some work. And what the
 * first request then waits for.
 */
export async function idleMemory(peers: Peers, runs: number): Promise<Row[]> {
  const of = (peer: Peer): number[] => [residentMegabytes(peer.pids())];
  await both(peers, async (peer) => await peer.restart());
  await sleep(REST);
  const fresh = { pouch: of(peers.pouch), docker: of(peers.docker) };
  const runOnce = async (peer: Peer): Promise<number> => await timeClient(peer, ['run', '--rm', 'busybox', 'true']);
  const first = { pouch: [await runOnce(peers.pouch)], docker: [await runOnce(peers.docker)] };
  await both(peers, async (peer) => {
    for (let run = 0; run < runs * 2; run += 1) await runOnce(peer);
  });
  await sleep(REST);
  const bound = { kind: '≤', ratio: 0.8 } as const;
  return [
    { what: 'daemon and containerd resident, just started', unit: 'MB', ...fresh, bound },
    {
      what: `daemon and containerd resident, after ${runs * 2} runs`,
      unit: 'MB',
      pouch: of(peers.pouch),
      docker: of(peers.docker),
      bound,
    },
    { what: 'the first run --rm after that rest', unit: 'ms', ...first },
  ];
}

/** Milliseconds without requests before memory is looked at: time for what daemons do at rest. */
const REST = 45_000;
const MANY = 200;

/** With 200 running containers: what each costs in memory, and how long daemon and containerd take that are started then. */
export async function manyRunning(peers: Peers): Promise<Row[]> {
  const daemons = { pouch: [] as number[], docker: [] as number[] };
  const whole = { pouch: [] as number[], docker: [] as number[] };
  const ready = { pouch: [] as number[], docker: [] as number[] };
  for (const name of ['pouch', 'docker'] as const) {
    const peer = peers[name];
    const before = residentMegabytes(peer.pids());
    await inLanes(async (index) => await startOne(peer, index));
    await sleep(3000);
    const grown = residentMegabytes(peer.pids()) - before;
    daemons[name].push((grown * 1024) / MANY);
    const shims = residentMegabytes(processesOf('containerd-shim-runc-v2', peer.directory));
    whole[name].push((grown + shims) / MANY);
    for (let run = 0; run < 3; run += 1) ready[name].push(await peer.restart(MANY));
    await inLanes(async (index) => void (await call(peer, 'DELETE', `/containers/run-${index}?force=1`)));
  }
  return [
    { what: 'one more running container: daemon, containerd', unit: 'kB', ...daemons },
    { what: 'one more running container: and its shim', unit: 'MB', ...whole },
    { what: `from start to ready, ${MANY} containers running`, unit: 'ms', ...ready },
  ];
}

async function inLanes(work: (index: number) => Promise<void>): Promise<void> {
  const lanes = Array.from({ length: 4 }, async (_, lane) => {
    for (let index = lane; index < MANY; index += 4) {
      interruption.signal.throwIfAborted();
      await work(index);
    }
  });
  await Promise.all(lanes);
}

async function startOne(peer: Peer, index: number): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['sleep', '3600'], HostConfig: { NetworkMode: 'none' } };
  await call(peer, 'POST', `/containers/create?name=run-${index}`, body);
  await call(peer, 'POST', `/containers/run-${index}/start`);
}

/** 200 MB of 100-byte lines into a json-file log, and out again. */
export async function logThroughput(peers: Peers): Promise<Row[]> {
  const line = 'x'.repeat(99);
  const megabytes = 200;
  const script = `yes ${line} | head -c ${megabytes}000000`;
  const write = await pairs(peers, 3, async (peer) => {
    await timeClient(peer, ['rm', '-f', 'bench-log']).catch(() => 0);
    const begin = performance.now();
    await timeClient(peer, ['run', '-d', '--network', 'none', '--name', 'bench-log', 'busybox', 'sh', '-c', script]);
    await timeClient(peer, ['wait', 'bench-log']);
    return megabytes / ((performance.now() - begin) / 1000);
  });
  const read = await pairs(
    peers,
    3,
    async (peer) => megabytes / ((await timeClient(peer, ['logs', 'bench-log'])) / 1000),
  );
  await both(peers, async (peer) => await timeClient(peer, ['rm', '-f', 'bench-log']));
  return [
    { what: 'a container logging 100-byte lines', unit: 'MB/s', ...write },
    { what: 'logs of 200 MB', unit: 'MB/s', ...read },
  ];
}
