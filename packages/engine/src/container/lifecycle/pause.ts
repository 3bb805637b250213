import { PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { publishContainerEvent } from './container-events.ts';
import { requireLive } from '../require-live.ts';
import type { LifecycleContext } from './context.ts';

/** Freeze its processes. Throws `conflict` when it does not run, or is paused already. */
export async function pauseContainer(context: LifecycleContext, container: Container): Promise<void> {
  await context.mutex.run(container.id, async () => {
    if (container.status === 'paused') throw new PouchError('conflict', `container ${container.id} is already paused`);
    requireLive(container);
    using _ = await container.pauseGate.close();
    await context.containerd.tasks.pause(container.id);
    container.transition('paused');
  });
  publishContainerEvent(context.events, container, 'pause');
}

/** Let them go on. Throws `conflict` when it is not paused. */
export async function unpauseContainer(context: LifecycleContext, container: Container): Promise<void> {
  await context.mutex.run(container.id, async () => {
    if (container.status !== 'paused') throw new PouchError('conflict', `Container ${container.id} is not paused`);
    await context.containerd.tasks.resume(container.id);
    container.transition('running');
  });
  publishContainerEvent(context.events, container, 'unpause');
}
