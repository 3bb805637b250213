import { PouchError } from '@pouch/base';
import type { Container } from './container.ts';

/** Throws `conflict`, in Docker's words, where there is no process: paused ones count as live. */
export function requireLive(container: Container): void {
  if (container.restarting) {
    throw new PouchError('conflict', `Container ${container.id} is restarting, wait until the container is running`);
  }
  if (!container.live) throw new PouchError('conflict', `container ${container.id} is not running`);
}
