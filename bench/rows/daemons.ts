import { sleep } from '@pouch/base';
import { median, pairs, residentMegabytes, type Row, timeClient } from '../measure.ts';
import { call, type Peer } from '../peer.ts';
import { both } from './clients.ts';
import type { Peers } from './rows.ts';

/** Resident memory of daemon and containerd, a while after the last request. */
export async function idleMemory(peers: Peers): Promise<Row> {
  await both(peers, async (peer) => await peer.restart());
  await sleep(10_000);
  const of = (peer: Peer): number => residentMegabytes(peer.pids());
  return {
    what: 'daemon and containerd resident, idle',
    unit: 'MB',
    pouch: of(peers.pouch),
    docker: of(peers.docker),
    bound: { kind: '≤', ratio: 0.8 },
  };
}

/** With 200 running containers: what each costs the daemons, and how long a daemon takes that is started among them. */
export async function twoHundred(peers: Peers): Promise<Row[]> {
  const memory = { pouch: 0, docker: 0 };
  const ready = { pouch: 0, docker: 0 };
  for (const name of ['pouch', 'docker'] as const) {
    const peer = peers[name];
    const before = residentMegabytes(peer.pids());
    const lanes = Array.from({ length: 4 }, async (_, lane) => {
      for (let index = lane; index < 200; index += 4) await startOne(peer, index);
    });
    await Promise.all(lanes);
    await sleep(3000);
    memory[name] = ((residentMegabytes(peer.pids()) - before) * 1024) / 200;
    const times: number[] = [];
    for (let run = 0; run < 3; run += 1) times.push(await peer.restart());
    ready[name] = median(times);
    const ends = Array.from({ length: 4 }, async (_, lane) => {
      for (let index = lane; index < 200; index += 4) await call(peer, 'DELETE', `/containers/run-${index}?force=1`);
    });
    await Promise.all(ends);
  }
  return [
    { what: 'daemon and containerd, per running container', unit: 'kB', ...memory },
    { what: 'daemon start to ready, 200 containers running', unit: 'ms', ...ready },
  ];
}

async function startOne(peer: Peer, index: number): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['sleep', '3600'], HostConfig: { NetworkMode: 'none' } };
  await call(peer, 'POST', `/containers/create?name=run-${index}`, body);
  await call(peer, 'POST', `/containers/run-${index}/start`);
}

/** 100 MB of 100-byte lines into a json-file log, and out again. */
export async function logThroughput(peers: Peers): Promise<Row[]> {
  const line = 'x'.repeat(99);
  const megabytes = 100;
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
    { what: 'logs of 100 MB', unit: 'MB/s', ...read },
  ];
}
