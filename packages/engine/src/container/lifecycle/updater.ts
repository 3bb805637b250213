import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from '@pouch/api';
import { asPouchError, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { validateResources, validateRestartPolicy } from '../create/index.ts';
import { buildResources, type HostFacts } from '../spec/index.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';
import { checkUpdateConflicts } from './update-conflicts.ts';

/** Changes limits and restart policy of containers, running or not. */
export class Updater {
  readonly #context: LifecycleContext;
  readonly #host: HostFacts;

  constructor(context: LifecycleContext, host: HostFacts) {
    this.#context = context;
    this.#host = host;
  }

  /** All or nothing: what the kernel refuses is not written down. */
  async update(container: Container, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    const { RestartPolicy: policy, ...resources } = request;
    const { record } = container;
    if (policy?.Name) validateRestartPolicy(policy);
    const changes = Object.fromEntries(Object.entries(resources).filter(([, value]) => isGiven(value)));
    const merged: HostConfig = { ...record.hostConfig, ...changes, ...(policy?.Name && { RestartPolicy: policy }) };
    checkAlone(changes, this.#host);
    const warnings = this.#check(container, changes, merged);
    await this.#context.mutex.run(container.id, async () => {
      if (container.removed || container.status === 'removing') {
        throw new PouchError('conflict', 'Container is marked for removal and cannot be "update".');
      }
      if (container.live && Object.keys(changes).length > 0) {
        const resources = await buildResources(merged, this.#host);
        await this.#context.containerd.tasks.update(container.id, resources).catch((error: unknown) => {
          throw cannotUpdate(container, error);
        });
      }
      record.hostConfig = merged;
      container.save();
    });
    publishContainerEvent(this.#context.events, container, 'update');
    return { Warnings: warnings.length > 0 ? warnings : null };
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
      return validateResources(merged, this.#host);
    } catch (error) {
      throw cannotUpdate(container, error);
    }
  }
}

/** A limit that is wrong in itself is told without a word on the container. */
function checkAlone(changes: ContainerUpdateRequest, host: HostFacts): void {
  const { MemorySwap: _, MemoryReservation: _reservation, ...alone } = changes;
  validateResources({ ...alone }, host);
}

function cannotUpdate(container: Container, error: unknown): PouchError {
  const known = asPouchError(error);
  return new PouchError(known.code, `Cannot update container ${container.id}: ${known.message}`, {
    cause: error,
    details: known.details,
  });
}

/** Docker's zero values mean "leave as it is". */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '' || value === false) return false;
  return !(Array.isArray(value) && value.length === 0);
}
