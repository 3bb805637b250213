import { PouchError } from '@pouch/base';
import type { ContainerState, ContainerStatus } from './container-record.ts';

/** The one table that decides what may become of a container. `removing` ends in no record at all. */
const NEXT: Readonly<Record<ContainerStatus, readonly ContainerStatus[]>> = {
  creating: ['created', 'removing'],
  created: ['starting', 'removing', 'dead'],
  starting: ['running', 'created', 'exited', 'restarting', 'removing', 'dead'],
  running: ['paused', 'exited', 'restarting', 'removing', 'dead'],
  paused: ['running', 'exited', 'restarting', 'removing', 'dead'],
  restarting: ['starting', 'exited', 'removing', 'dead'],
  exited: ['starting', 'restarting', 'removing', 'dead'],
  dead: ['removing', 'starting'],
  removing: ['dead'],
};

/** Throws `conflict` for a step that the table does not hold. */
export function checkTransition(id: string, from: ContainerStatus, to: ContainerStatus): void {
  if (from !== to && !NEXT[from].includes(to)) {
    throw new PouchError('conflict', `container ${id} is ${from} and cannot become ${to}`);
  }
}

/** There is a process, or may be. */
export function isLive(status: ContainerStatus): boolean {
  return status === 'running' || status === 'paused';
}

/** What Docker's API says for a state: it knows fewer, and shows what starts as what it was. */
export function dockerStatus({
  status,
  startsFrom = 'created',
}: Pick<ContainerState, 'status' | 'startsFrom'>): Exclude<ContainerStatus, 'creating' | 'starting'> {
  const shown = status === 'starting' ? startsFrom : status;
  return shown === 'creating' || shown === 'starting' ? 'created' : shown;
}
