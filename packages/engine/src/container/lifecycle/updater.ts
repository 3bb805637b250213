import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { QuotaLimits } from '@pouch/linux';
import type { Container } from '../container.ts';
import {
  bandwidthOf,
  parseDiskQuota,
  validateBandwidth,
  validatePriority,
  validateResources,
} from '../create/index.ts';
import type { ContainerQuota, ContainerRecord } from '../container-record.ts';
import type { QuotaService } from '../../quota/quota-service.ts';
import { buildResources, type HostFacts, withAssignedCpus } from '../spec/index.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';

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
  async update(container: Container, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    const { RestartPolicy: policy, DiskQuota: quota, ...resources } = request;
    const { record } = container;
    if (policy?.Name && record.hostConfig.AutoRemove && policy.Name !== 'no') {
      throw new PouchError(
        'invalid-argument',
        'Restart policy cannot be updated because AutoRemove is enabled for the container',
      );
    }
    const changes = Object.fromEntries(Object.entries(resources).filter(([, value]) => isGiven(value)));
    const merged: HostConfig = { ...record.hostConfig, ...changes, ...(policy?.Name && { RestartPolicy: policy }) };
    const warnings = validateResources(merged, this.#host);
    validateBandwidth(merged, this.#bandwidthMissing);
    validatePriority(merged, this.#priorityMissing);
    const resized = resizedQuotas(container.record, quota);
    await this.#context.mutex.run(container.id, async () => {
      if (container.removed || container.status === 'removing') {
        throw new PouchError('conflict', 'Container is marked for removal and cannot be "update".');
      }
      if (container.live && Object.keys(changes).length > 0) {
        const config = withAssignedCpus(record, merged);
        await this.#context.containerd.tasks.update(container.id, await buildResources(config, this.#host));
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
