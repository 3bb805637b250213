import type { ContainerWaitResponse } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Container, ContainerExit } from '../container.ts';
import type { WaitCondition } from '../container-service.ts';

/** Subscribed when it returns: an exit after the call is never missed. */
export function waitFor(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ContainerWaitResponse> {
  if (condition === 'not-running' && !container.live && !container.restarting && !container.settling) {
    return Promise.resolve({ StatusCode: container.state.exitCode });
  }
  if (condition === 'removed' && container.removed) return Promise.resolve({ StatusCode: container.state.exitCode });
  const { promise, resolve, reject } = Promise.withResolvers<ContainerWaitResponse>();
  const tell = (exit: ContainerExit): void => {
    resolve({ StatusCode: exit.code, ...(exit.error !== undefined && { Error: { Message: exit.error } }) });
  };
  const subscription = condition === 'removed' ? container.onGone(tell) : container.onExit(tell);
  const abort = (): void => reject(new PouchError('cancelled', 'the client stopped waiting'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const tidy = (): void => {
    subscription[Symbol.dispose]();
    signal.removeEventListener('abort', abort);
  };
  promise.then(tidy, tidy);
  return promise;
}
