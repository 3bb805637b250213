import { sleep } from '@pouch/base';
import { interruption } from '../interruption.ts';
import { type Row, timeClient } from '../measure.ts';
import { PULL_IMAGE } from '../registry.ts';
import type { Peers } from '../peer.ts';

/** ext4 makes files several times more slowly for a while after many were deleted: each pair starts when that is over. */
const AFTER_REMOVAL = 40_000;

/** A 4-layer image of 285 MB from a registry on this machine, cold each time; the one that is first changes. */
export async function pullImage(peers: Peers, runs: number): Promise<Row> {
  const found = { pouch: [] as number[], docker: [] as number[] };
  for (let run = 0; run <= Math.max(2, Math.ceil(runs / 5)); run += 1) {
    const order = run % 2 === 0 ? (['pouch', 'docker'] as const) : (['docker', 'pouch'] as const);
    for (const name of order) {
      interruption.signal.throwIfAborted();
      const took = await timeClient(peers[name], ['pull', '-q', `${peers[name].registry}/${PULL_IMAGE}`]);
      if (run > 0) found[name].push(took);
    }
    for (const name of order) await timeClient(peers[name], ['rmi', `${peers[name].registry}/${PULL_IMAGE}`]);
    await sleep(AFTER_REMOVAL, interruption.signal);
  }
  return { what: 'pull of 4 layers, 285 MB', unit: 'ms', ...found, bound: { kind: '≤', ratio: 0.6 } };
}
