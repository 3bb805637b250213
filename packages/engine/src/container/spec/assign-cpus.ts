import type { HostConfig } from '@pouch/api';
import type { ContainerRecord } from '../container-record.ts';
import { parseCpuList } from './host-facts.ts';

/** `--cpuset-cpus auto`: so many CPUs as the quota is worth, so that nproc(1) and thread pools see them. */
export const AUTO_CPUS = 'auto';
/** `--cpuset-cpus all`: every CPU of the host, also for a machine, which has `auto` else. */
export const ALL_CPUS = 'all';
const PERIOD = 100_000;

type CpuLimits = Pick<HostConfig, 'NanoCpus' | 'CpuQuota' | 'CpuPeriod' | 'CpusetCpus' | 'NumaNodes'>;
type Assigned = Pick<ContainerRecord, 'hostConfig' | 'assignedCpus'>;

/** How many CPUs a quota is worth; undefined: there is none. */
function quotaOf({ NanoCpus, CpuQuota, CpuPeriod }: CpuLimits): number | undefined {
  if (NanoCpus) return NanoCpus / 1e9;
  return CpuQuota && CpuQuota > 0 ? CpuQuota / (CpuPeriod || PERIOD) : undefined;
}

/** A machine shows what it is limited to: with a quota and no word on its CPUs, they are chosen for it. */
export function fillMachineCpus(isRich: boolean | undefined, config: CpuLimits): void {
  if (isRich && !config.CpusetCpus && !config.NumaNodes && quotaOf(config) !== undefined) config.CpusetCpus = AUTO_CPUS;
}

/** The words that stand for CPUs where else a list of them does. */
export function isCpuWord(cpus: string | undefined): boolean {
  return cpus === AUTO_CPUS || cpus === ALL_CPUS;
}

/**
 * The CPUs for a container that leaves the choice to the daemon, as a kernel list. Those that it had are kept as far as they are online and it
 * wants so many; then those come of which the others ask least, lowest numbers first.
 */
export function assignCpus(own: Assigned, online: string, others: readonly Assigned[]): string {
  const load = loadOf(online, others);
  const had = parseCpuList(own.assignedCpus ?? '') ?? new Set();
  const asked = (cpu: number): number => load.get(cpu) ?? 0;
  return [...load.keys()]
    .sort((a, b) => Number(had.has(b)) - Number(had.has(a)) || asked(a) - asked(b) || a - b)
    .slice(0, Math.ceil(quotaOf(own.hostConfig) ?? 1))
    .sort((a, b) => a - b)
    .join(',');
}

/** What is asked of each CPU: the quotas of the containers that are bound to some, or else the whole of those. */
function loadOf(online: string, containers: readonly Assigned[]): Map<number, number> {
  const load = new Map([...(parseCpuList(online) ?? new Set([0]))].map((cpu) => [cpu, 0]));
  for (const container of containers) {
    const cpus = [...(parseCpuList(withAssignedCpus(container).CpusetCpus ?? '') ?? [])];
    const share = Math.min((quotaOf(container.hostConfig) ?? cpus.length) / cpus.length, 1);
    for (const cpu of cpus) if (load.has(cpu)) load.set(cpu, (load.get(cpu) ?? 0) + share);
  }
  return load;
}

/** The limits with the choice in its place. `online` is what `all` stands for where a set must be widened again; a start needs none. */
export function withAssignedCpus(record: Assigned, config = record.hostConfig, online = ''): HostConfig {
  if (!isCpuWord(config.CpusetCpus)) return config;
  return { ...config, CpusetCpus: config.CpusetCpus === ALL_CPUS ? online : (record.assignedCpus ?? '') };
}
