import type { HostConfig, Resources } from '@pouch/api';
import type { LinuxBlockIO, LinuxCpu, LinuxMemory, LinuxResources, LinuxThrottleDevice } from '@pouch/oci';
import type { HostFacts } from './host-facts.ts';
import { unifiedLimits } from './extra-limits.ts';
import { readBlockDevice } from './host-device.ts';

/** Microseconds: the period against which a number of CPUs becomes a quota. */
const PERIOD = 100_000;

/**
 * Limits in the runtime's form. They are named for cgroup v1; runtimes translate them where the host has v2. Serves start
 * and update alike. Throws invalid-argument for a device that is none.
 */
export async function buildResources(config: HostConfig | Resources, host: HostFacts): Promise<LinuxResources> {
  const memory = buildMemory(config, host);
  const cpu = buildCpu(config);
  const blockIO = await buildBlockIo(config);
  return {
    ...(notEmpty(memory) && { memory }),
    ...(notEmpty(cpu) && { cpu }),
    ...(notEmpty(blockIO) && { blockIO }),
    ...(host.cgroupVersion === 2 && unifiedLimits(config)),
    ...(config.PidsLimit !== undefined && { pids: { limit: config.PidsLimit > 0 ? config.PidsLimit : -1 } }),
  };
}

function buildMemory(config: Resources, host: HostFacts): LinuxMemory {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, KernelMemoryTCP, OomKillDisable } = config;
  return {
    ...(Memory && { limit: Memory }),
    ...(MemoryReservation && { reservation: MemoryReservation }),
    // Docker counts memory and swap together, as cgroup v1 does.
    ...(MemorySwap && host.limits.swap && { swap: MemorySwap }),
    ...(MemorySwappiness !== undefined &&
      MemorySwappiness >= 0 &&
      host.limits.swappiness && { swappiness: MemorySwappiness }),
    ...(KernelMemoryTCP && host.cgroupVersion === 1 && { kernelTCP: KernelMemoryTCP }),
    ...(OomKillDisable && host.limits.oomKillDisable && { disableOOMKiller: true }),
  };
}

function buildCpu(config: Resources): LinuxCpu {
  const { CpuShares, NanoCpus, CpuRealtimePeriod, CpuRealtimeRuntime, CpusetCpus, CpusetMems } = config;
  const quota = NanoCpus ? Math.round((NanoCpus * PERIOD) / 1e9) : config.CpuQuota;
  const period = NanoCpus ? PERIOD : config.CpuPeriod;
  return {
    ...(CpuShares && { shares: CpuShares }),
    ...(quota && { quota }),
    ...(period && { period }),
    ...(CpuRealtimeRuntime && { realtimeRuntime: CpuRealtimeRuntime }),
    ...(CpuRealtimePeriod && { realtimePeriod: CpuRealtimePeriod }),
    ...(CpusetCpus && { cpus: CpusetCpus }),
    ...(CpusetMems && { mems: CpusetMems }),
  };
}

async function buildBlockIo(config: Resources): Promise<LinuxBlockIO> {
  const weights = await Promise.all(
    (config.BlkioWeightDevice ?? []).map(async ({ Path = '', Weight = 0 }) => ({
      ...(await readBlockDevice(Path)),
      weight: Weight,
    })),
  );
  const [readBps, writeBps, readIops, writeIops] = await Promise.all([
    throttles(config.BlkioDeviceReadBps),
    throttles(config.BlkioDeviceWriteBps),
    throttles(config.BlkioDeviceReadIOps),
    throttles(config.BlkioDeviceWriteIOps),
  ]);
  return {
    ...(config.BlkioWeight && { weight: config.BlkioWeight }),
    ...(weights.length > 0 && { weightDevice: weights }),
    ...(readBps.length > 0 && { throttleReadBpsDevice: readBps }),
    ...(writeBps.length > 0 && { throttleWriteBpsDevice: writeBps }),
    ...(readIops.length > 0 && { throttleReadIOPSDevice: readIops }),
    ...(writeIops.length > 0 && { throttleWriteIOPSDevice: writeIops }),
  };
}

async function throttles(devices: Resources['BlkioDeviceReadBps']): Promise<LinuxThrottleDevice[]> {
  const found = (devices ?? []).map(async ({ Path = '', Rate = 0 }) => ({
    ...(await readBlockDevice(Path)),
    rate: Rate,
  }));
  return await Promise.all(found);
}

function notEmpty(value: object): boolean {
  return Object.keys(value).length > 0;
}
