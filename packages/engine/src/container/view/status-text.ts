import type { ContainerRecord } from '../container-record.ts';
import { dockerStatus } from '../state-machine.ts';

const UNITS: readonly (readonly [name: string, seconds: number, below: number])[] = [
  ['minute', 60, 3600],
  ['hour', 3600, 48 * 3600],
  ['day', 86_400, 14 * 86_400],
  ['week', 7 * 86_400, 60 * 86_400],
  ['month', 30 * 86_400, 730 * 86_400],
];

/** Docker's rough durations: `Less than a second`, `5 seconds`, `About a minute`, `2 hours`, `3 weeks`. */
export function roughDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < 60) return `${Math.floor(seconds)} seconds`;
  if (seconds < 120) return 'About a minute';
  if (seconds >= 3600 && seconds < 5400) return 'About an hour';
  for (const [name, size, below] of UNITS) {
    if (seconds >= below) continue;
    const count = name === 'hour' ? Math.floor(seconds / size + 0.5) : Math.floor(seconds / size);
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${Math.floor(seconds / (365 * 86_400))} years`;
}

/** `Up 2 hours (healthy)`, `Exited (137) 3 days ago`, `Created`, … as `docker ps` shows it. */
export function statusText(record: ContainerRecord, now = Date.now()): string {
  const { state } = record;
  const since = (time: string): string => roughDuration(now / 1000 - Number(BigInt(time || '0') / 1_000_000n) / 1000);
  switch (dockerStatus(state)) {
    case 'running': {
      const health = state.health
        ? ` (${state.health.status === 'starting' ? 'health: starting' : state.health.status})`
        : '';
      return `Up ${since(state.startedAt)}${health}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    default:
      return 'Created';
  }
}
