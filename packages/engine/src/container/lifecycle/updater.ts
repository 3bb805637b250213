import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from '@pouch/api';
import { asPouchError, PouchError } from '@pouch/base';
import type { QuotaLimits } from '@pouch/linux';
import type { LinuxResources } from '@pouch/oci';
import type { QuotaService } from '../../quota/quota-service.ts';
import type { Container } from '../container.ts';
import type { ContainerQuota, ContainerRecord } from '../container-record.ts';
import {
  bandwidthOf,
  parseDiskQuota,
  validateBandwidth,
  validatePriority,
  validateResources,
  validateRestartPolicy,
} from '../create/index.ts';
import { buildResources, fillMachineCpus, type HostFacts, isCpuWord, withAssignedCpus } from '../spec/index.ts';
import { publishContainerEvent } from './container-events.ts';
import { chooseCpus } from './choose-cpus.ts';
import { askPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';
import { checkUpdateConflicts } from './update-conflicts.ts';

type WriteLimits = (container: Container, config: HostConfig) => Promise<void>;

/** Changes limits and restart policy of containers, running or not. */
export class Updater {
  readonly #context: LifecycleContext;
  readonly #host: HostFacts;
  readonly #quotas: QuotaService;
  readonly #writeLimits: WriteLimits;
  readonly #bandwidthMissing: string | undefined;
  readonly #priorityMissing: string | undefined;

  constructor(
    context: LifecycleContext,
    dependencies: {
      host: HostFacts;
      quotas: QuotaService;
      bandwidthMissing: string | undefined;
      priorityMissing: string | undefined;
      writeLimits: WriteLimits;
    },
  ) {
    this.#context = context;
    this.#host = dependencies.host;
    this.#quotas = dependencies.quotas;
    this.#writeLimits = dependencies.writeLimits;
    this.#bandwidthMissing = dependencies.bandwidthMissing;
    this.#priorityMissing = dependencies.priorityMissing;
  }

  /** All or nothing: what the kernel refuses is not written down. */
  async update(container: Container, asked: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    const { request } = await askPlugins(this.#context, 'pre-update', container, { request: asked });
    const { RestartPolicy: policy, DiskQuota: quota, ...resources } = request;
    const { record } = container;
    if (policy?.Name) validateRestartPolicy(policy);
    refuseFixed(resources);
    const changes = changesOf(resources);
    const merged: HostConfig = { ...record.hostConfig, ...changes, ...(policy?.Name && { RestartPolicy: policy }) };
    deriveAnew(merged, changes);
    if (changes.NanoCpus || changes.CpuQuota) fillMachineCpus(record.config.Rich, merged);
    checkAlone(changes, this.#host);
    const warnings = this.#check(container, changes, merged);
    const resized = resizedQuotas(container.record, quota);
    await this.#context.mutex.run(container.id, async () => {
      if (container.removed || container.status === 'removing') {
        throw new PouchError('conflict', 'Container is marked for removal and cannot be "update".');
      }
      const cpus = chooseCpus(container, merged, this.#context.index, this.#host.onlineCpus);
      if (container.live && Object.keys(changes).length > 0) {
        const effective = withAssignedCpus(
          { ...record, ...(cpus !== undefined && { assignedCpus: cpus }) },
          withLifted(record.hostConfig, merged),
          this.#host.onlineCpus,
        );
        const limits = await buildResources(effective, this.#host);
        await this.#context.containerd.tasks.update(container.id, withWritablePids(limits)).catch((error: unknown) => {
          throw cannotUpdate(container, error);
        });
        await this.#writeLimits(container, merged);
      }
      for (const { id, bytes, inodes } of resized) {
        await this.#quotas.resize(id, { bytes, ...(inodes !== undefined && { inodes }) });
      }
      if (resized.length > 0) {
        record.quotas = (record.quotas ?? []).map((old) => resized.find(({ id }) => id === old.id) ?? old);
        merged.DiskQuota = { ...merged.DiskQuota, ...quota };
      }
      if (changes.NetIngress || changes.NetEgress || changes.NetPriority) await this.#limitTraffic(container, merged);
      record.hostConfig = merged;
      if (cpus === undefined) delete record.assignedCpus;
      else record.assignedCpus = cpus;
      container.save();
    });
    publishContainerEvent(this.#context.events, container, 'update');
    return { Warnings: warnings.length > 0 ? warnings : null };
  }

  /** A container that does not run gets them at its start. */
  async #limitTraffic(container: Container, config: HostConfig): Promise<void> {
    if (container.live)
      await this.#context.networks.limit(container.id, bandwidthOf(config).bandwidth, config.NetPriority);
  }

  /** What the changes do not go together with: the container as it is. Returns warnings. */
  #check(container: Container, changes: ContainerUpdateRequest, merged: HostConfig): string[] {
    const { hostConfig } = container.record;
    try {
      const policy = merged.RestartPolicy?.Name ?? 'no';
      if (hostConfig.AutoRemove && policy !== 'no') {
        throw new PouchError(
          'conflict',
          'Restart policy cannot be updated because AutoRemove is enabled for the container',
        );
      }
      checkUpdateConflicts(hostConfig, changes);
      validateBandwidth(merged, this.#bandwidthMissing);
      validatePriority(merged, this.#priorityMissing);
      return validateResources(merged, this.#host);
    } catch (error) {
      throw cannotUpdate(container, error);
    }
  }
}

/** What stands for other limits puts its own in their place again. */
function deriveAnew(merged: HostConfig, changes: ContainerUpdateRequest): void {
  if (changes.NumaNodes && !changes.CpusetCpus) delete merged.CpusetCpus;
  if (changes.NumaNodes && !changes.CpusetMems) delete merged.CpusetMems;
  const marked = changes.MemoryWmarkRatio ?? (changes.Memory && merged.MemoryWmarkRatio);
  if (marked && !changes.MemoryHigh) delete merged.MemoryHigh;
}

/** A limit that is wrong in itself is told without a word on the container. */
function checkAlone(changes: ContainerUpdateRequest, host: HostFacts): void {
  // These are about others, which the container may have already.
  const { MemorySwap: _, MemoryReservation: _reservation, CpuBurst: _burst, ...rest } = changes;
  const { MemoryWmarkRatio: _ratio, CpusetCpus: cpus, NumaNodes: _nodes, ...alone } = rest;
  validateResources({ ...alone, ...(cpus && !isCpuWord(cpus) && { CpusetCpus: cpus }) }, host);
}

function cannotUpdate(container: Container, error: unknown): PouchError {
  const known = asPouchError(error);
  return new PouchError(known.code, `Cannot update container ${container.id}: ${known.message}`, {
    cause: error,
    details: known.details,
  });
}

/** What a container keeps from its making. */
const FIXED = [
  'CgroupParent',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Devices',
  'MemorySwappiness',
  'OomKillDisable',
  'Ulimits',
] as const satisfies readonly (keyof ContainerUpdateRequest)[];

/** Limits of single devices; an empty list takes all of them away. */
const DEVICE_LIMITS = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
] as const satisfies readonly (keyof ContainerUpdateRequest)[];

/** Linux' PID_MAX_LIMIT: more processes than a kernel can have. */
const PIDS_WITHOUT_LIMIT = 4_194_304;

/** crun writes -1 into pids.max as it is, which the kernel refuses. */
function withWritablePids(limits: LinuxResources): LinuxResources {
  return limits.pids?.limit === -1 ? { ...limits, pids: { limit: PIDS_WITHOUT_LIMIT } } : limits;
}

function refuseFixed(resources: ContainerUpdateRequest): void {
  const fixed = FIXED.find((name) => isGiven(resources[name]));
  if (fixed === undefined) return;
  throw new PouchError(
    'invalid-argument',
    `${fixed} of a container cannot be changed; remove it, and create it anew with another`,
  );
}

function changesOf(resources: ContainerUpdateRequest): ContainerUpdateRequest {
  const lists: readonly string[] = DEVICE_LIMITS;
  const changes: ContainerUpdateRequest = Object.fromEntries(
    Object.entries(resources).filter(
      ([name, value]) => isGiven(value) || (lists.includes(name) && value !== undefined),
    ),
  );
  // 0 is unlimited, too: absent is what leaves the limit as it is.
  if (resources.PidsLimit !== undefined && resources.PidsLimit <= 0) changes.PidsLimit = -1;
  return changes;
}

/** The new limits for the kernel, where a device's that is gone from its list must be said to be none. */
function withLifted(before: HostConfig, after: HostConfig): HostConfig {
  const lifted: HostConfig = { ...after };
  for (const name of [
    'BlkioDeviceReadBps',
    'BlkioDeviceWriteBps',
    'BlkioDeviceReadIOps',
    'BlkioDeviceWriteIOps',
  ] as const) {
    const kept = new Set(after[name]?.map(({ Path }) => Path));
    const gone = (before[name] ?? []).filter(({ Path }) => !kept.has(Path));
    if (gone.length > 0) lifted[name] = [...(after[name] ?? []), ...gone.map((device) => ({ ...device, Rate: 0 }))];
  }
  return lifted;
}

/** The container's disk quotas as the request wants them. Throws invalid-argument for one that it does not have. */
function resizedQuotas(record: ContainerRecord, asked: ContainerUpdateRequest['DiskQuota']): ContainerQuota[] {
  const quota = parseDiskQuota({ ...(asked && { DiskQuota: asked }) });
  if (!quota) return [];
  const { each } = quota;
  if (each) return (record.quotas ?? []).map(({ id, paths }) => ({ id, paths, ...limitsOf(each) }));
  return quota.rules.map((rule) => {
    const key = [...rule.paths].sort().join('&');
    const has = record.quotas?.find(({ paths }) => [...paths].sort().join('&') === key);
    if (has) return { id: has.id, paths: has.paths, ...limitsOf(rule) };
    throw new PouchError(
      'invalid-argument',
      `the container was made without a disk quota for ${key}: make it anew with one`,
    );
  });
}

function limitsOf({ bytes, inodes }: QuotaLimits): QuotaLimits & { readonly inodes?: number } {
  return { bytes, ...(inodes !== undefined && { inodes }) };
}

/** Docker's zero values mean "leave as it is". */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '' || value === false) return false;
  return !(Array.isArray(value) && value.length === 0);
}
