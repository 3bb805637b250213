import { type Row, pairs, timeClient } from '../measure.ts';
import { type Peer, call } from '../peer.ts';
import type { Peers } from '../peer.ts';

/** Whole runs of the clients: what a person at a terminal waits for. */
export async function runOn(network: string, bound: number | undefined, peers: Peers, runs: number): Promise<Row> {
  const figures = await pairs(
    peers,
    runs,
    async (peer) => await timeClient(peer, ['run', '--rm', '--network', network, 'busybox', 'true']),
  );
  return {
    what: `run --rm, ${network} network`,
    unit: 'ms',
    ...figures,
    ...(bound !== undefined && { bound: { kind: '≤', ratio: bound } }),
  };
}

export async function execTrue(peers: Peers, runs: number): Promise<Row> {
  await both(
    peers,
    async (peer) => await timeClient(peer, ['run', '-d', '--name', 'bench-exec', 'busybox', 'sleep', '3600']),
  );
  const figures = await pairs(peers, runs, async (peer) => await timeClient(peer, ['exec', 'bench-exec', 'true']));
  await both(peers, async (peer) => await timeClient(peer, ['rm', '-f', 'bench-exec']));
  return { what: 'exec', unit: 'ms', ...figures, bound: { kind: '≤', ratio: 0.9 } };
}

export async function version(peers: Peers, runs: number): Promise<Row> {
  const figures = await pairs(peers, runs * 2, async (peer) => await timeClient(peer, ['version']), 20);
  return { what: 'version', unit: 'ms', ...figures, bound: { kind: '≤', ratio: 1 } };
}

export async function listThousand(peers: Peers, runs: number): Promise<Row[]> {
  await both(peers, async (peer) => {
    const make = async (from: number): Promise<void> => {
      for (let index = from; index < 1000; index += 8) {
        const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } };
        await call(peer, 'POST', `/containers/create?name=bench-${index}`, body);
      }
    };
    await Promise.all(Array.from({ length: 8 }, async (_, lane) => await make(lane)));
  });
  const ps = await pairs(peers, runs, async (peer) => await timeClient(peer, ['ps', '-a']));
  const inspect = await pairs(peers, runs, async (peer) => await timeClient(peer, ['inspect', 'bench-500']), 20);
  await both(peers, async (peer) => {
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let index = lane; index < 1000; index += 8) await call(peer, 'DELETE', `/containers/bench-${index}`);
    });
    await Promise.all(lanes);
  });
  return [
    { what: 'ps -a of 1,000 containers', unit: 'ms', ...ps, bound: { kind: '≤', ratio: 1 } },
    { what: 'inspect of one among 1,000', unit: 'ms', ...inspect },
  ];
}

export async function both(peers: Peers, work: (peer: Peer) => Promise<unknown>): Promise<void> {
  await work(peers.pouch);
  await work(peers.docker);
}
