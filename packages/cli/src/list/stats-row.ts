import type { ContainerStats } from '@pouch/api';
import { binarySize, humanSize, shortenId } from '../output/human.ts';
import type { Row } from '../output/rows.ts';

export const STATS_HEADERS = {
  Container: 'CONTAINER',
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
};

export const STATS_TABLE =
  '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}';

/** A reading as `stats` prints it; without one, dashes. */
export function statsRow(container: string, stats: ContainerStats | undefined, truncate: boolean): Row {
  if (!stats) {
    const none = { CPUPerc: '--', MemUsage: '-- / --', MemPerc: '--', NetIO: '--', BlockIO: '--', PIDs: '--' };
    return { Container: container, ID: '--', Name: '--', ...none };
  }
  const id = stats.id ?? container;
  const memory = memoryUsage(stats);
  const limit = stats.memory_stats.limit ?? 0;
  const network = sumNetwork(stats);
  const block = sumBlock(stats);
  return {
    Container: container,
    ID: truncate ? shortenId(id) : id,
    Name: (stats.name ?? '').replace(/^\//, ''),
    CPUPerc: `${cpuPercent(stats).toFixed(2)}%`,
    MemUsage: `${binarySize(memory)} / ${binarySize(limit)}`,
    MemPerc: `${(limit > 0 ? (memory / limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${humanSize(network.received)} / ${humanSize(network.sent)}`,
    BlockIO: `${humanSize(block.read)} / ${humanSize(block.written)}`,
    PIDs: String(stats.pids_stats.current ?? 0),
  };
}

/** Of one CPU: 200 % is two CPUs busy. */
function cpuPercent(stats: ContainerStats): number {
  const { cpu_stats: now, precpu_stats: before } = stats;
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  if (used <= 0 || passed <= 0) return 0;
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return (used / passed) * cpus * 100;
}

/** Without the page cache that the kernel can take back at once. */
function memoryUsage(stats: ContainerStats): number {
  const usage = stats.memory_stats.usage ?? 0;
  const counters = stats.memory_stats.stats ?? {};
  const cache = counters['total_inactive_file'] ?? counters['inactive_file'] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function sumNetwork(stats: ContainerStats): { received: number; sent: number } {
  const interfaces = Object.values(stats.networks ?? {});
  return {
    received: interfaces.reduce((sum, one) => sum + one.rx_bytes, 0),
    sent: interfaces.reduce((sum, one) => sum + one.tx_bytes, 0),
  };
}

function sumBlock(stats: ContainerStats): { read: number; written: number } {
  const entries = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const sum = (operation: string): number =>
    entries.filter((entry) => entry.op.toLowerCase() === operation).reduce((total, entry) => total + entry.value, 0);
  return { read: sum('read'), written: sum('write') };
}
