import type { ContainerRecord, ContainerState } from '../container-record.ts';

const FIRST = 100;
const LONGEST = 60_000;
/** A run of at least this many nanoseconds counts as a good one: the next pause is short again. */
const GOOD_RUN = 10_000_000_000n;

/** Whether the policy starts the container again after this exit. */
export function shouldRestart(record: ContainerRecord, exitCode: number): boolean {
  const policy = record.hostConfig.RestartPolicy;
  if (record.state.manuallyStopped) return false;
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure': {
      const most = policy.MaximumRetryCount ?? 0;
      return exitCode !== 0 && (most === 0 || record.state.restartCount < most);
    }
    default:
      return false;
  }
}

/** Milliseconds until the next, after so many restarts: 100 ms, doubled each time up to a minute. */
export function restartDelay(restartCount: number, ranForNanos: bigint): number {
  if (ranForNanos >= GOOD_RUN) return FIRST;
  return Math.min(FIRST * 2 ** Math.min(restartCount, 20), LONGEST);
}

/** Milliseconds that are left of the pause when a daemon takes up a container that waits for a restart, which is counted already. */
export function remainingDelay(state: ContainerState, now: bigint): number {
  const started = BigInt(state.startedAt || '0');
  const finished = BigInt(state.finishedAt || '0');
  const delay = restartDelay(Math.max(state.restartCount - 1, 0), finished > started ? finished - started : 0n);
  const elapsed = Number((now - finished) / 1_000_000n);
  return Math.min(Math.max(delay - elapsed, 0), delay);
}

/** Whether a daemon that starts brings up a container that is down: as Docker, `always` even after a user's stop. */
export function startsWithDaemon(record: ContainerRecord): boolean {
  const policy = record.hostConfig.RestartPolicy?.Name;
  if (record.state.startedAt === '') return false;
  return policy === 'always' || (policy === 'unless-stopped' && !record.state.manuallyStopped);
}
