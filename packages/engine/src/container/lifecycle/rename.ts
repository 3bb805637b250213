import { PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { validateContainerName } from '../create/index.ts';
import { explained } from '../explained.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';

/** Give it another name, here and in its networks. Throws invalid-argument, or `conflict` for a name that is taken. */
export async function renameContainer(context: LifecycleContext, container: Container, newName: string): Promise<void> {
  if (newName === '') throw new PouchError('invalid-argument', 'Neither old nor new names may be empty');
  const allocating = 'Error when allocating new name';
  const plain = newName.replace(/^\//, '');
  const oldName = container.record.name;
  if (plain === oldName) {
    throw new PouchError('invalid-argument', 'Renaming a container with the same name as its current name');
  }
  await explained(allocating, () => validateContainerName(`/${plain}`));
  await context.mutex.run(container.id, async () => {
    await explained(allocating, () => context.index.rename(container, plain));
    context.networks.rename(container.id, plain);
  });
  publishContainerEvent(context.events, container, 'rename', { oldName: `/${oldName}` });
}
