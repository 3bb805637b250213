import { sleep } from '@pouch/base';
import { pairs, type Row, timeClient } from '../measure.ts';
import { PULL_IMAGE } from '../registry.ts';
import type { Peers } from './rows.ts';

/** ext4 makes files several times more slowly for a while after many were deleted: each pull starts when that is over. */
const AFTER_REMOVAL = 40_000;

/** A 4-layer image of 285 MB from a registry on this machine, cold each time. */
export async function pullImage(peers: Peers, runs: number): Promise<Row> {
  const figures = await pairs(
    peers,
    Math.max(2, Math.ceil(runs / 6)),
    async (peer) => {
      const image = `${peer.registry}/${PULL_IMAGE}`;
      const took = await timeClient(peer, ['pull', '-q', image]);
      await timeClient(peer, ['rmi', image]);
      await sleep(AFTER_REMOVAL);
      return took;
    },
    0,
  );
  return { what: 'pull of 4 layers, 285 MB', unit: 'ms', ...figures, bound: { kind: '≤', ratio: 0.6 } };
}
