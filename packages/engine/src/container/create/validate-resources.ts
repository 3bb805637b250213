import type { HostConfig } from '@pouch/api';
import { AUTO_CPUS, isCpuWord } from '../spec/assign-cpus.ts';
import { type HostFacts, parseCpuList } from '../spec/host-facts.ts';
import { validateExtraLimits } from './validate-extra-limits.ts';
import { validateBlkio } from './validate-blkio.ts';
import { invalid } from './invalid.ts';
import { validateUlimits } from './validate-ulimits.ts';

/** Docker's lower bound: less cannot even start a process. */
const MINIMUM_MEMORY = 6 * 1024 * 1024;

/**
 * Check limits against each other and against the host. A limit that this host's kernel or cgroups cannot set is taken out
 * of `config`, with a warning, where Docker does the same. Returns the warnings.
 */
export function validateResources(config: HostConfig, host: HostFacts): string[] {
  for (const [name, value] of Object.entries(config)) {
    // Go's int64, which runtimes read.
    if (typeof value === 'number' && Math.abs(value) >= 2 ** 63) throw invalid(`${name} is out of range: ${value}`);
  }
  const warnings: string[] = [];
  validateMemory(config, host, warnings);
  validateCpu(config, host, warnings);
  validateExtraLimits(config, host);
  validateCpuset(config, host, warnings);
  if (config.PidsLimit !== undefined && !host.limits.pids) {
    delete config.PidsLimit;
    warnings.push(
      'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
    );
  }
  warnings.push(...validateBlkio(config, host));
  warnings.push(...validateUlimits(config, host));
  const score = config.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) {
    throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  }
  if ((config.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  return warnings;
}

function validateMemory(config: HostConfig, host: HostFacts, warnings: string[]): void {
  const drop = (key: keyof HostConfig & `${'Memory' | 'Oom'}${string}`, message: string): void => {
    delete config[key];
    warnings.push(message);
  };
  if (config.KernelMemory) {
    throw invalid('Kernel memory limits are not supported: Linux has removed them. Limit Memory instead.');
  }
  for (const key of ['Memory', 'MemoryReservation'] as const) {
    if ((config[key] ?? 0) < 0) throw invalid(`${key} cannot be negative`);
  }
  if (config.Memory && !host.limits.memory) {
    delete config.MemorySwap;
    drop(
      'Memory',
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
  }
  const memory = config.Memory ?? 0;
  const swap = config.MemorySwap ?? 0;
  if (memory > 0 && memory < MINIMUM_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (swap < -1) throw invalid(`Invalid value ${swap} for MemorySwap: use -1 for unlimited swap`);
  if (memory > 0 && swap !== 0 && !host.limits.swap) {
    drop(
      'MemorySwap',
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
  }
  const swappiness = config.MemorySwappiness;
  if (swappiness !== undefined) {
    if (swappiness < 0 || swappiness > 100) {
      throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
    }
    if (!host.limits.swappiness) {
      drop(
        'MemorySwappiness',
        'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
      );
    }
  }
  validateReservation(config, host, drop);
  if (config.OomKillDisable && !host.limits.oomKillDisable) {
    drop('OomKillDisable', 'Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  } else if (config.OomKillDisable && memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
}

function validateReservation(
  config: HostConfig,
  host: HostFacts,
  drop: (key: 'MemoryReservation', message: string) => void,
): void {
  const reservation = config.MemoryReservation ?? 0;
  if (reservation === 0) return;
  if (!host.limits.memoryReservation) {
    drop(
      'MemoryReservation',
      'Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
    return;
  }
  if (reservation < MINIMUM_MEMORY) throw invalid('Minimum memory reservation allowed is 6MB');
  if (config.Memory && config.Memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateCpu(config: HostConfig, host: HostFacts, warnings: string[]): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = config;
  if (NanoCpus !== 0 && CpuPeriod !== 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (NanoCpus !== 0 && CpuQuota !== 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  const cpus = parseCpuList(host.onlineCpus)?.size ?? 1;
  if (NanoCpus !== 0 && (NanoCpus < 1e7 || NanoCpus > cpus * 1e9)) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`);
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (CpuQuota < -1) throw invalid(`Invalid CPU cfs quota ${CpuQuota}: use -1 for no limit`);
  if ((NanoCpus || CpuPeriod || CpuQuota) && !host.limits.cpuQuota) {
    throw invalid('NanoCPUs and CPU quotas can not be set: this host does not support CPU cfs scheduler quotas.');
  }
  const shares = config.CpuShares ?? 0;
  if (shares < 0 || shares === 1 || shares > 262_144)
    throw invalid(`Invalid CPU shares ${shares}: the range is from 2 to 262144`);
  if (shares !== 0 && !host.limits.cpuShares) {
    delete config.CpuShares;
    warnings.push('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.');
  }
  validateRealtime(config, host);
}

function validateRealtime(config: HostConfig, host: HostFacts): void {
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 } = config;
  if (period === 0 && runtime === 0) return;
  if (!host.limits.cpuRealtime) throw invalid('This host does not support the CPU real-time scheduler for containers.');
  if (period < 0 || runtime < 0) throw invalid('CPU real-time period and runtime cannot be negative');
  if (period !== 0 && runtime > period)
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
}

function validateCpuset(config: HostConfig, host: HostFacts, warnings: string[]): void {
  const { CpusetCpus: cpus = '', CpusetMems: mems = '' } = config;
  if (cpus === '' && mems === '') return;
  if (!host.limits.cpuset) {
    delete config.CpusetCpus;
    delete config.CpusetMems;
    warnings.push('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.');
    return;
  }
  if (cpus === AUTO_CPUS) checkAuto(config);
  else if (!isCpuWord(cpus)) checkList(cpus, host.onlineCpus, 'cpuset cpus', 'CPUs');
  checkList(mems, host.memoryNodes, 'cpuset mems', 'memory nodes');
}

function checkAuto({ NanoCpus, CpuQuota }: HostConfig): void {
  if (!NanoCpus && !(CpuQuota && CpuQuota > 0)) {
    throw invalid('--cpuset-cpus auto needs a number of CPUs: set --cpus, or --cpu-quota');
  }
}

function checkList(asked: string, available: string, field: string, what: string): void {
  if (asked === '') return;
  const wanted = parseCpuList(asked);
  if (!wanted) throw invalid(`Invalid value ${asked} for ${field}: invalid format: ${asked}`);
  const there = parseCpuList(available);
  if (![...wanted].every((number) => there?.has(number))) {
    throw invalid(`Requested ${what} are not available - requested ${asked}, available: ${available}`);
  }
}
