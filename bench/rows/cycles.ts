import { pairs, type Row } from '../measure.ts';
import { call, type Peer } from '../peer.ts';
import type { Peers } from '../peer.ts';

/** create, start, wait and remove through the API, `lanes` at once, as a scheduler does it. */
export async function cycles(lanes: number, peers: Peers, runs: number): Promise<Row> {
  const each = Math.max(4, Math.ceil(24 / lanes));
  const figures = await pairs(peers, Math.max(3, Math.ceil(runs / 4)), async (peer) => {
    const begin = performance.now();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let count = 0; count < each; count += 1) await cycle(peer);
      }),
    );
    return (lanes * each) / ((performance.now() - begin) / 1000);
  });
  const bound = lanes === 8 ? { bound: { kind: '≥' as const, ratio: 1.5 } } : {};
  return { what: `create-start-wait-remove, ${lanes} at once`, unit: '/s', ...figures, ...bound };
}

async function cycle(peer: Peer): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'bridge' } };
  const { Id } = (await call(peer, 'POST', '/containers/create', body)) as { Id: string };
  await call(peer, 'POST', `/containers/${Id}/start`);
  await call(peer, 'POST', `/containers/${Id}/wait`);
  await call(peer, 'DELETE', `/containers/${Id}`);
}
