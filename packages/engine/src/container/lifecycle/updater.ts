import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { validateResources, validateRestart } from '../create/index.ts';
import { buildResources, type HostFacts } from '../spec/index.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';

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
    if (policy?.Name && record.hostConfig.AutoRemove && policy.Name !== 'no') {
      throw new PouchError(
        'invalid-argument',
        'Restart policy cannot be updated because AutoRemove is enabled for the container',
      );
    }
    if (policy?.Name) validateRestart({ RestartPolicy: policy });
    const changes = Object.fromEntries(Object.entries(resources).filter(([, value]) => isGiven(value)));
    const merged: HostConfig = { ...record.hostConfig, ...changes, ...(policy?.Name && { RestartPolicy: policy }) };
    const warnings = validateResources(merged, this.#host);
    await this.#context.mutex.run(container.id, async () => {
      if (container.removed || container.status === 'removing') {
        throw new PouchError('conflict', 'Container is marked for removal and cannot be "update".');
      }
      if (container.live && Object.keys(changes).length > 0) {
        await this.#context.containerd.tasks.update(container.id, await buildResources(merged, this.#host));
      }
      record.hostConfig = merged;
      container.save();
    });
    publishContainerEvent(this.#context.events, container, 'update');
    return { Warnings: warnings.length > 0 ? warnings : null };
  }
}

/** Docker's zero values mean "leave as it is". */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '' || value === false) return false;
  return !(Array.isArray(value) && value.length === 0);
}
