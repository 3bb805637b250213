import type { ContainerUpdateRequest, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';

/** Throws `conflict` where a change cannot go with what the container was made with, as Docker does. */
export function checkUpdateConflicts(before: HostConfig, changes: Omit<ContainerUpdateRequest, 'RestartPolicy'>): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, MemorySwap: swap = 0 } = before;
  const cpu = (what: string, other: string): never =>
    refuse(`Conflicting options: ${what} cannot be updated as ${other} has already been set`);
  if (changes.NanoCpus && CpuPeriod > 0) cpu('Nano CPUs', 'CPU Period');
  if (changes.NanoCpus && CpuQuota > 0) cpu('Nano CPUs', 'CPU Quota');
  if (changes.CpuPeriod && NanoCpus > 0) cpu('CPU Period', 'NanoCPUs');
  if (changes.CpuQuota && NanoCpus > 0) cpu('CPU Quota', 'NanoCPUs');
  if (changes.Memory && changes.Memory > swap && swap !== -1 && !changes.MemorySwap) {
    refuse('Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time');
  }
}

function refuse(message: string): never {
  throw new PouchError('conflict', message);
}
