import { dirname, join } from 'node:path';
import { exec } from '@pouch/base';
import { startDocker } from '../docker-peer.ts';
import { FreshDisk } from '../fresh-disk.ts';
import { interruption } from '../interruption.ts';
import { type Row, timeClient } from '../measure.ts';
import { startPouch } from '../pouch-peer.ts';
import { BenchRegistry, PULL_IMAGE } from '../registry.ts';
import type { Peer, Peers } from '../peer.ts';

/** One for each measurement, as all names on the host are: two may go on at once. */
const PORT = 20_000 + (process.pid % 10_000);
const IMAGE = `127.0.0.1:${PORT}/${PULL_IMAGE}`;

/**
 * A 4-layer image from a registry on this machine, cold each time, and once more right after it was removed. Every pair has an
 * engine each and a disk that nothing was removed from: for minutes after a removal ext4 passes over each of the inodes that
 * have become free, so that a pull's time would tell of the measurements before it. The one that is first changes.
 */
export async function pullImage(peers: Peers, runs: number): Promise<Row[]> {
  const cold = { pouch: [] as number[], docker: [] as number[] };
  const again = { pouch: [] as number[], docker: [] as number[] };
  const base = dirname(peers.pouch.directory);
  await using registry = new BenchRegistry(peers.registry);
  await registry.serve(PORT, peers.pouch.wrap);
  const bytes = await registry.publish(PORT);
  for (let run = 0; run < Math.max(3, Math.ceil(runs / 4)); run += 1) {
    await using disk = await FreshDisk.make(join(base, `pull-${run}`), 16 * 2 ** 30);
    await using pouch = await startPouch(join(disk.directory, 'pouch'), `${process.pid}d`);
    await using docker = await startDocker(join(disk.directory, 'docker'), peers.programs, { id: `${process.pid}d` });
    await using beside = new BenchRegistry(peers.registry);
    await beside.serve(PORT, docker.wrap);
    const order = run % 2 === 0 ? [pouch, docker] : [docker, pouch];
    for (const figures of [cold, again]) {
      for (const peer of order) figures[peer === pouch ? 'pouch' : 'docker'].push(await pull(peer));
      for (const peer of order) await timeClient(peer, ['rmi', IMAGE]);
      await exec('sync', ['-f', disk.directory], { timeout: 120_000 });
    }
  }
  return [
    { what: `pull of 4 layers, ${Math.round(bytes / 1e6)} MB`, unit: 'ms', ...cold, bound: { kind: '≤', ratio: 0.6 } },
    { what: 'the same, right after it was removed', unit: 'ms', ...again },
  ];
}

/** Milliseconds; what it wrote is then brought to the disk, so that it is not in the next one's way. */
async function pull(peer: Peer): Promise<number> {
  interruption.signal.throwIfAborted();
  const took = await timeClient(peer, ['pull', '-q', IMAGE]);
  await exec('sync', ['-f', peer.directory], { timeout: 120_000 });
  return took;
}
