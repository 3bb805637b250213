import { isErrorCode, PouchError } from '@pouch/base';
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
    await brought(context, container, 'paused', async () => await context.containerd.tasks.pause(container.id));
    container.transition('paused');
  });
  publishContainerEvent(context.events, container, 'pause');
}

/** Let them go on. Throws `conflict` when it is not paused. */
export async function unpauseContainer(context: LifecycleContext, container: Container): Promise<void> {
  await context.mutex.run(container.id, async () => {
    if (container.status !== 'paused') throw new PouchError('conflict', `Container ${container.id} is not paused`);
    await brought(context, container, 'running', async () => await context.containerd.tasks.resume(container.id));
    container.transition('running');
  });
  publishContainerEvent(context.events, container, 'unpause');
}

/** How often containerd may die over one request. */
const MOST_TRIES = 5;

/**
 * Bring a task to a status. When containerd dies over it, its shim may have done it all the same: the next containerd is asked
 * before it is tried again, so that the caller is never told of a failure that was none.
 */
async function brought(
  { containerd: { tasks } }: LifecycleContext,
  { id }: Container,
  wanted: 'paused' | 'running',
  act: () => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isErrorCode(error, 'unavailable') || tries === MOST_TRIES) throw error;
      if ((await tasks.get(id)).status === wanted) return;
    }
  }
}
