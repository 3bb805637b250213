import type { BlkioStats, ContainerStats, DiskQuotaUsage, NetworkStats } from '@pouch/api';
import { formatTime, nowNanos, sleep, ZERO_TIME } from '@pouch/base';
import { type CgroupPaths, type CgroupStats, readCgroupStats, readHostCpu, readInterfaceCounters } from '@pouch/linux';
import type { Container } from '../container.ts';

export interface StatsSources {
  readonly cgroupOf: (container: Container) => CgroupPaths;
  /** Bytes of the host: the limit of a container that has none. */
  readonly hostMemory: number;
  readonly bandwidth: (container: Container) => Promise<NonNullable<ContainerStats['bandwidth']>>;
  readonly diskQuotas: (container: Container) => Promise<readonly DiskQuotaUsage[]>;
}

type Cpu = ContainerStats['cpu_stats'];

/** A reading a second while the container exists; all zero while it does not run, as Docker. */
export async function* streamStats(
  container: Container,
  sources: StatsSources,
  options: { stream: boolean; oneShot: boolean },
  signal: AbortSignal,
): AsyncGenerator<ContainerStats, void, undefined> {
  let previous: ContainerStats | undefined;
  if (!options.stream && !options.oneShot && container.live) {
    previous = await readStats(container, sources, undefined);
    await sleep(1000, signal);
  }
  while (!signal.aborted && !container.removed) {
    previous = await readStats(container, sources, previous);
    yield previous;
    if (!options.stream) return;
    await sleep(1000, signal).catch(() => {});
  }
}

async function readStats(
  container: Container,
  sources: StatsSources,
  previous: ContainerStats | undefined,
): Promise<ContainerStats> {
  const base = emptyStats(container);
  const preread = previous ? { preread: previous.read, precpu_stats: previous.cpu_stats } : {};
  if (!container.live) return { ...base, ...preread };
  const [group, host, networks, quotas, bandwidth] = await Promise.all([
    readCgroupStats(sources.cgroupOf(container)),
    readHostCpu(),
    readNetworks(container.state.pid),
    sources.diskQuotas(container),
    sources.bandwidth(container),
  ]);
  if (!group) return { ...base, ...preread };
  return {
    ...base,
    ...preread,
    read: formatTime(nowNanos()),
    pids_stats: {
      ...(group.pids.current !== undefined && { current: group.pids.current }),
      ...(group.pids.limit !== undefined && { limit: group.pids.limit }),
    },
    blkio_stats: blkio(group.blkio),
    cpu_stats: cpu(group, host),
    memory_stats: memory(group, sources.hostMemory),
    networks,
    ...(Object.keys(bandwidth).length > 0 && { bandwidth }),
    ...(quotas.length > 0 && { disk_quotas: [...quotas] }),
  };
}

function emptyStats(container: Container): ContainerStats {
  return {
    read: ZERO_TIME,
    preread: ZERO_TIME,
    num_procs: 0,
    pids_stats: {},
    blkio_stats: blkio(undefined),
    cpu_stats: noCpu(),
    precpu_stats: noCpu(),
    memory_stats: {},
    storage_stats: {},
    name: `/${container.record.name}`,
    id: container.id,
    os_type: 'linux',
  };
}

function noCpu(): Cpu {
  return {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

function cpu({ cpu: usage }: CgroupStats, host: { total: number; onlineCpus: number }): Cpu {
  return {
    cpu_usage: {
      total_usage: usage.total,
      usage_in_kernelmode: usage.system,
      usage_in_usermode: usage.user,
      ...(usage.perCpu && { percpu_usage: [...usage.perCpu] }),
    },
    throttling_data: {
      periods: usage.periods,
      throttled_periods: usage.throttledPeriods,
      throttled_time: usage.throttledTime,
    },
    system_cpu_usage: host.total,
    online_cpus: host.onlineCpus,
  };
}

function memory({ memory: usage }: CgroupStats, hostMemory: number): ContainerStats['memory_stats'] {
  return {
    usage: usage.usage,
    stats: { ...usage.stats },
    limit: Math.min(usage.limit ?? hostMemory, hostMemory),
    ...(usage.maxUsage !== undefined && { max_usage: usage.maxUsage }),
    ...(usage.failcnt !== undefined && { failcnt: usage.failcnt }),
  };
}

function blkio(counters: CgroupStats['blkio'] | undefined): BlkioStats {
  const list = (
    entries: CgroupStats['blkio'][keyof CgroupStats['blkio']] | undefined,
  ): BlkioStats['io_queue_recursive'] =>
    entries && entries.length > 0 ? entries.map((entry) => ({ ...entry })) : null;
  return {
    io_service_bytes_recursive: list(counters?.serviceBytes),
    io_serviced_recursive: list(counters?.serviced),
    io_queue_recursive: list(counters?.queued),
    io_service_time_recursive: list(counters?.serviceTime),
    io_wait_time_recursive: list(counters?.waitTime),
    io_merged_recursive: list(counters?.merged),
    io_time_recursive: list(counters?.time),
    sectors_recursive: list(counters?.sectors),
  };
}

async function readNetworks(pid: number): Promise<Record<string, NetworkStats>> {
  const counters = await readInterfaceCounters(pid);
  return Object.fromEntries(
    Object.entries(counters).map(([name, counter]) => [
      name,
      {
        rx_bytes: counter.rxBytes,
        rx_packets: counter.rxPackets,
        rx_errors: counter.rxErrors,
        rx_dropped: counter.rxDropped,
        tx_bytes: counter.txBytes,
        tx_packets: counter.txPackets,
        tx_errors: counter.txErrors,
        tx_dropped: counter.txDropped,
      },
    ]),
  );
}
