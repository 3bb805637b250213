import { dict, list, nullable, object, type Static, str, time, uint } from '../schema/type.ts';
import { DiskQuotaUsage } from './disk-quota.ts';

export const ThrottlingData = object('ThrottlingData', {
  periods: uint(),
  throttled_periods: uint(),
  throttled_time: uint('Nanoseconds.'),
});
export type ThrottlingData = Static<typeof ThrottlingData>;

export const CpuUsage = object(
  'CpuUsage',
  {
    total_usage: uint('Nanoseconds.'),
    usage_in_kernelmode: uint('Nanoseconds.'),
    usage_in_usermode: uint('Nanoseconds.'),
  },
  { percpu_usage: nullable(list(uint(), 'Nanoseconds per CPU; cgroup v1 only.')) },
);
export type CpuUsage = Static<typeof CpuUsage>;

export const CpuStats = object(
  'CpuStats',
  { cpu_usage: CpuUsage, throttling_data: ThrottlingData },
  { system_cpu_usage: uint('Nanoseconds of the whole host.'), online_cpus: uint() },
);
export type CpuStats = Static<typeof CpuStats>;

export const MemoryStats = object(
  'MemoryStats',
  {},
  {
    usage: uint('Bytes.'),
    max_usage: uint('Bytes; cgroup v1 only.'),
    stats: dict(uint(), 'The counters of memory.stat.'),
    failcnt: uint('cgroup v1 only.'),
    limit: uint('Bytes; the memory of the host when there is no limit.'),
    commitbytes: uint('Windows only.'),
    commitpeakbytes: uint('Windows only.'),
    privateworkingset: uint('Windows only.'),
  },
);
export type MemoryStats = Static<typeof MemoryStats>;

export const BlkioStatEntry = object('BlkioStatEntry', { major: uint(), minor: uint(), op: str(), value: uint() });
export type BlkioStatEntry = Static<typeof BlkioStatEntry>;

const entries = nullable(list(BlkioStatEntry));

export const BlkioStats = object('BlkioStats', {
  io_service_bytes_recursive: entries,
  io_serviced_recursive: entries,
  io_queue_recursive: entries,
  io_service_time_recursive: entries,
  io_wait_time_recursive: entries,
  io_merged_recursive: entries,
  io_time_recursive: entries,
  sectors_recursive: entries,
});
export type BlkioStats = Static<typeof BlkioStats>;

export const PidsStats = object('PidsStats', {}, { current: uint(), limit: uint() });
export type PidsStats = Static<typeof PidsStats>;

export const NetworkStats = object('NetworkStats', {
  rx_bytes: uint(),
  rx_packets: uint(),
  rx_errors: uint(),
  rx_dropped: uint(),
  tx_bytes: uint(),
  tx_packets: uint(),
  tx_errors: uint(),
  tx_dropped: uint(),
});
export type NetworkStats = Static<typeof NetworkStats>;

export const StorageStats = object(
  'StorageStats',
  {},
  { read_count_normalized: uint(), read_size_bytes: uint(), write_count_normalized: uint(), write_size_bytes: uint() },
  'Windows only.',
);
export type StorageStats = Static<typeof StorageStats>;

export const ShapedStats = object('ShapedStats', {
  bytes: uint(),
  packets: uint(),
  dropped: uint('Packets that waited too long.'),
});
export const BandwidthStats = object('BandwidthStats', {}, { ingress: ShapedStats, egress: ShapedStats });
export type BandwidthStats = Static<typeof BandwidthStats>;

/** One reading of a container's counters. A stream of them sends one per second. */
export const ContainerStats = object(
  'ContainerStats',
  {
    read: time(),
    preread: time('Of the reading before; the zero time when there was none.'),
    num_procs: uint('Windows only.'),
    pids_stats: PidsStats,
    blkio_stats: BlkioStats,
    cpu_stats: CpuStats,
    precpu_stats: CpuStats,
    memory_stats: MemoryStats,
    storage_stats: StorageStats,
  },
  {
    name: str(),
    id: str(),
    os_type: str(),
    networks: dict(NetworkStats, 'By interface.'),
    bandwidth: dict(BandwidthStats, 'Pouch: what passed the limits on traffic, by interface.'),
    disk_quotas: list(DiskQuotaUsage),
  },
);
export type ContainerStats = Static<typeof ContainerStats>;
