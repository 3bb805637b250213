import type { HostConfig } from '@pouch/api';
import type { ContainerRecord } from '../container-record.ts';
import { parseCpuList } from './host-facts.ts';

/** `--cpuset-cpus auto`: so many CPUs as the quota is worth, so that nproc(1) and thread pools see them. */
export const AUTO_CPUS = 'auto';
const PERIOD = 100_000;

/** How many whole CPUs a quota needs. */
function cpusOf({ NanoCpus, CpuQuota, CpuPeriod }: HostConfig): number {
  if (NanoCpus) return Math.ceil(NanoCpus / 1e9);
  return CpuQuota && CpuQuota > 0 ? Math.ceil(CpuQuota / (CpuPeriod || PERIOD)) : 1;
}

/** The CPUs with the least asked of them by others' choices, lowest numbers first; a kernel list. */
export function assignCpus(config: HostConfig, online: string, others: readonly ContainerRecord[]): string {
  const load = new Map([...(parseCpuList(online) ?? new Set([0]))].map((cpu) => [cpu, 0]));
  for (const { assignedCpus } of others) {
    for (const cpu of parseCpuList(assignedCpus ?? '') ?? []) load.set(cpu, (load.get(cpu) ?? 0) + 1);
  }
  const chosen = [...load].sort(([a, x], [b, y]) => x - y || a - b).slice(0, cpusOf(config));
  return chosen
    .map(([cpu]) => cpu)
    .sort((a, b) => a - b)
    .join(',');
}

/** The limits with the choice in its place. */
export function withAssignedCpus(
  record: Pick<ContainerRecord, 'hostConfig' | 'assignedCpus'>,
  config = record.hostConfig,
): HostConfig {
  return config.CpusetCpus === AUTO_CPUS ? { ...config, CpusetCpus: record.assignedCpus ?? '' } : config;
}
