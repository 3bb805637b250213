import type { Resources } from '@pouch/api';
import type { FlagValues } from '../flags/flag.ts';
import type { RESOURCE_FLAGS, UPDATABLE_FLAGS } from './resource-flags.ts';

type UpdatableFlags = FlagValues<typeof UPDATABLE_FLAGS>;
type ResourceFlags = FlagValues<typeof RESOURCE_FLAGS> & { readonly 'cgroup-parent': string };

/** The limits that a running container can be given. */
export function updatableResources(flags: UpdatableFlags): Resources {
  return {
    BlkioWeight: flags['blkio-weight'],
    ...given('CpuBurst', flags['cpu-burst']),
    ...given('MemoryHigh', flags['memory-high']),
    ...given('MemoryLow', flags['memory-low']),
    ...given('MemoryMin', flags['memory-min']),
    ...given('MemoryWmarkRatio', flags['memory-wmark-ratio']),
    ...given('MemoryForceEmptyCtl', flags['memory-force-empty-ctl']),
    ...given('NetPriority', flags['net-priority']),
    ...given('NumaNodes', flags['numa-nodes']),
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuRealtimePeriod: flags['cpu-rt-period'],
    CpuRealtimeRuntime: flags['cpu-rt-runtime'],
    CpuShares: flags['cpu-shares'],
    CpusetCpus: flags['cpuset-cpus'],
    CpusetMems: flags['cpuset-mems'],
    Memory: flags.memory,
    MemoryReservation: flags['memory-reservation'],
    MemorySwap: flags['memory-swap'],
    NanoCpus: flags.cpus,
    ...(flags['net-ingress'] && { NetIngress: flags['net-ingress'] }),
    ...(flags['net-egress'] && { NetEgress: flags['net-egress'] }),
    ...(flags['disk-quota'].length > 0 && { DiskQuota: diskQuota(flags['disk-quota']) }),
    ...(flags['kernel-memory'] !== 0 && { KernelMemory: flags['kernel-memory'] }),
    ...(flags['pids-limit'] !== undefined && { PidsLimit: flags['pids-limit'] }),
  };
}

/** Docker's API does not have it: only sent when it is set. */
function given<K extends keyof Resources>(name: K, value: Resources[K] & (number | string)): Pick<Resources, K> {
  return (value === 0 || value === '' ? {} : { [name]: value }) as Pick<Resources, K>;
}

/** `--disk-quota [PATHS=]SIZE[:INODES]`; without paths it is the root file system. */
function diskQuota(texts: readonly string[]): Record<string, string> {
  const rules: Record<string, string> = {};
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const [paths, size] = at < 0 ? ['/', text] : [text.slice(0, at), text.slice(at + 1)];
    if (paths in rules) throw new Error(`invalid argument "${text}" for "--disk-quota" flag: ${paths} is given twice`);
    rules[paths] = size;
  }
  return rules;
}

/** All limits of a new container. */
export function resources(flags: ResourceFlags, given: ReadonlySet<string>): Resources {
  const swappiness = flags['memory-swappiness'];
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  return {
    ...updatableResources(flags),
    CgroupParent: flags['cgroup-parent'],
    BlkioWeightDevice: [...flags['blkio-weight-device']],
    BlkioDeviceReadBps: [...flags['device-read-bps']],
    BlkioDeviceReadIOps: [...flags['device-read-iops']],
    BlkioDeviceWriteBps: [...flags['device-write-bps']],
    BlkioDeviceWriteIOps: [...flags['device-write-iops']],
    Devices: [...flags.device],
    DeviceCgroupRules: [...flags['device-cgroup-rule']],
    Ulimits: [...flags.ulimit],
    ...(flags.gpus.length > 0 && { DeviceRequests: [...flags.gpus] }),
    ...(given.has('memory-swappiness') && { MemorySwappiness: swappiness }),
    ...(given.has('oom-kill-disable') && { OomKillDisable: flags['oom-kill-disable'] }),
  };
}
