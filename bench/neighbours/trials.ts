import { readFileSync } from 'node:fs';
import { FarHost } from './far-host.ts';
import type { Stage } from './stage.ts';
import type { Trial } from './trial.ts';

const MEBIBYTE = 1024 * 1024;
/** Of v1's scale and of v2's. */
const WEIGHT = { v1: '262144', v2: '10000' };
const BURN = 'for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait';

/** Nothing else on the host gets in the way: weights are then those between the two. */
const aloneOnHost = async (stage: Stage): Promise<void> =>
  await stage.squeeze('cpu', 'cpu.shares', 'cpu.weight', WEIGHT);

/** Rounds of a fixed work in four seconds, by the victim's own clock. */
async function work(stage: Stage, victim: string): Promise<number> {
  const script =
    'end=$(($(date +%s) + 4)); n=0; while [ $(date +%s) -lt $end ]; do dd if=/dev/zero bs=64k count=200 2>/dev/null | md5sum >/dev/null; n=$((n+1)); done; echo $n';
  return Number((await stage.run(victim, script)).stdout);
}

/** A number that the script prints, run when the neighbour has had its way for `after` seconds. */
const printed =
  (script: string, { after = 0 } = {}) =>
  async (stage: Stage, victim: string): Promise<number> => {
    if (after > 0) await stage.run(victim, `sleep ${after}`);
    return Number((await stage.run(victim, script)).stdout.trim().split('\n').at(-1));
  };

/** MB/s from GNU dd's last line. */
const speed =
  (script: string) =>
  async (stage: Stage, victim: string): Promise<number> => {
    const said = (await stage.run(victim, script)).stderr;
    const match = /(\d+) bytes.* copied, ([\d.e-]+) s/.exec(said);
    return match ? Number(match[1]) / Number(match[2]) / 1e6 : 0;
  };

const iperf =
  (far: string, port: number, more: string): ((stage: Stage, victim: string) => Promise<number>) =>
  async (stage, victim) => {
    const { stdout } = await stage.run(victim, `iperf3 -c ${far} -p ${port} -J -O 1 -t 4 ${more}`);
    const parsed = JSON.parse(stdout) as { end?: { sum_received?: { bits_per_second: number } } };
    return (parsed.end?.sum_received?.bits_per_second ?? 0) / 1e6;
  };

/** Every resource, where `host` is behind an uplink of 40 Mbit/s. */
export function trials(host: FarHost): Trial[] {
  const far = FarHost.address;
  const squeeze = async (): Promise<void> => await host.refresh();
  return [
    {
      resource: 'CPU share',
      measure: 'rounds of work in 4 s',
      flags: '--cpu-shares 2',
      victim: () => ({ CpusetCpus: '0' }),
      neighbour: { CpusetCpus: '0' },
      limit: () => ({ CpuShares: 2 }),
      squeeze: aloneOnHost,
      noise: BURN,
      score: work,
    },
    {
      resource: 'cpuset',
      measure: 'rounds of work in 4 s',
      flags: '--cpuset-cpus 1',
      victim: () => ({ CpusetCpus: '0' }),
      // Of the same weight, it would be moved to the other CPU by the kernel.
      neighbour: { CpuShares: 4096 },
      limit: () => ({ CpusetCpus: '1' }),
      squeeze: aloneOnHost,
      noise: BURN,
      score: work,
    },
    {
      resource: 'memory',
      measure: 'MB/s reading 150 MB again',
      flags: '-m 64m',
      // A disk that is slower than memory, as disks are; this one is a file in the host's page cache.
      victim: (disk) => ({ BlkioDeviceReadBps: [{ Path: disk, Rate: 25 * MEBIBYTE }] }),
      limit: () => ({ Memory: 64 * MEBIBYTE }),
      squeeze: async (stage) =>
        await stage.squeeze('memory', 'memory.limit_in_bytes', 'memory.max', String(400 * MEBIBYTE)),
      // Memory of a program's own cannot go without swap: the victim's page cache has to.
      noise: 'while :; do /usr/bin/dd if=/dev/zero of=/dev/null bs=320M count=1000000 2>/dev/null; done',
      score: async (stage, victim) => {
        await stage.run(
          victim,
          'dd if=/dev/zero of=/kept bs=1M count=150 conv=fsync 2>/dev/null; cat /kept >/dev/null; sleep 2',
        );
        return await speed('/usr/bin/dd if=/kept of=/dev/null bs=1M')(stage, victim);
      },
    },
    {
      resource: 'swap',
      measure: 'MiB of 80 held with 32 of memory',
      flags: '--memory-swap 16m',
      skip:
        readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1
          ? 'not measured where there is swap: it would be filled'
          : undefined,
      stage: { swap: 128 },
      victim: () => ({ Memory: 32 * MEBIBYTE, MemorySwap: -1 }),
      neighbour: { Memory: 16 * MEBIBYTE, MemorySwap: -1, ShmSize: 1024 * MEBIBYTE },
      limit: () => ({ MemorySwap: 16 * MEBIBYTE }),
      // Files of a tmpfs stay in swap. As much as just fits: with more, its own first process may be killed, and all is free.
      noise: 'while :; do /usr/bin/dd if=/dev/zero of=/dev/shm/f bs=64k count=2080 conv=notrunc 2>/dev/null; done',
      score: printed(
        'n=0; for m in 10 20 30 40 50 60 70 80; do /usr/bin/dd if=/dev/zero of=/dev/null bs=${m}M count=1 2>/dev/null && n=$m; done; echo $n',
        { after: 10 },
      ),
    },
    {
      resource: 'pids',
      measure: 'processes of 100 that could start',
      flags: '--pids-limit 100',
      limit: () => ({ PidsLimit: 100 }),
      squeeze: async (stage) => await stage.squeeze('pids', 'pids.max', 'pids.max', '400'),
      noise: 'i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; sleep 600',
      score: printed(
        'i=0; n=0; while [ $i -lt 100 ]; do (sleep 3) & i=$((i+1)); done 2>/dev/null; ls /proc | grep -c "^[0-9]"',
      ),
    },
    {
      resource: 'disk space',
      measure: 'MiB of 100 that could be written',
      flags: '--disk-quota 200m',
      stage: { bytes: 1 << 30 },
      limit: () => ({ DiskQuota: { '/': '200m' } }),
      noise: 'dd if=/dev/zero of=/fill bs=1M count=3000 conv=fsync; sync; sleep 600',
      score: printed('dd if=/dev/zero of=/mine bs=1M count=100 conv=fsync 2>/dev/null; sync; du -m /mine | cut -f1', {
        after: 8,
      }),
    },
    {
      resource: 'inodes',
      measure: 'files of 1000 that could be made',
      flags: '--disk-quota 200m:500',
      stage: { bytes: 1 << 30, inodes: 4000 },
      limit: () => ({ DiskQuota: { '/': '200m:500' } }),
      noise: 'mkdir /f; seq 1 20000 | (cd /f && xargs touch); sleep 600',
      score: printed('mkdir /mine; cd /mine && seq 1 1000 | xargs touch 2>/dev/null; ls | wc -l', { after: 3 }),
    },
    {
      resource: 'disk I/O',
      measure: 'MB/s written past the cache',
      flags: '--device-write-bps DISK:2mb',
      limit: (disk) => ({ BlkioDeviceWriteBps: [{ Path: disk, Rate: 2 * MEBIBYTE }] }),
      noise:
        'for i in 1 2 3 4; do (while :; do /usr/bin/dd if=/dev/zero of=/n$i bs=1M count=100 oflag=direct 2>/dev/null; done) & done; wait',
      score: speed('/usr/bin/dd if=/dev/zero of=/mine bs=1M count=100 oflag=direct'),
    },
    {
      resource: 'egress',
      measure: 'Mbit/s of 40 sent',
      flags: '--net-egress 5mbit',
      limit: () => ({ NetEgress: '5mbit' }),
      squeeze,
      // Packets that heed no loss.
      noise: `while :; do iperf3 -c ${far} -p 5401 -u -b 100m -t 100; sleep 0.2; done`,
      score: iperf(far, 5402, ''),
    },
    {
      resource: 'ingress',
      measure: 'Mbit/s of 40 received',
      flags: '--net-ingress 5mbit',
      limit: () => ({ NetIngress: '5mbit' }),
      squeeze,
      // Connections, which a limit behind the uplink can slow down at their far end.
      noise: `while :; do iperf3 -c ${far} -p 5401 -P 16 -t 100 -R; sleep 0.2; done`,
      score: iperf(far, 5402, '-R'),
    },
  ];
}
