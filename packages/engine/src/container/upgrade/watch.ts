import { sleep } from '@pouch/base';
import type { Container } from '../container.ts';

const EVERY = 100;

/**
 * Look at a container that was just started until a time (milliseconds since the epoch), and on until its health check, where
 * it has one, has come to a verdict. Why it is no good, or undefined when it is. One that a user stops meanwhile is not held against it.
 */
export async function watchHealth(
  container: Container,
  until: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { startedAt } = container.state;
  for (;;) {
    const { state } = container;
    if (container.removed || container.status === 'removing' || state.manuallyStopped) return undefined;
    if (!container.live || state.startedAt !== startedAt) {
      return `it ended with exit code ${state.exitCode}${state.error === '' ? '' : `: ${state.error}`}`;
    }
    if (state.health?.status === 'unhealthy') {
      return `its health check failed: ${state.health.log.at(-1)?.Output?.trim() || 'it printed nothing'}`;
    }
    const left = until - Date.now();
    if (left <= 0 && state.health?.status !== 'starting') return undefined;
    await sleep(left > 0 ? Math.min(EVERY, left) : EVERY, signal);
  }
}
