import { isErrorCode } from '@pouch/base';
import type { Container } from '../container.ts';
import type { LifecycleContext } from './context.ts';
import { restartDelay } from './restart-policy.ts';

/** Starts containers again when their policy says so, after its pause. */
export class Restarter implements Disposable {
  readonly #context: LifecycleContext;
  readonly #start: (container: Container) => Promise<void>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #disposed = false;

  constructor(context: LifecycleContext, start: (container: Container) => Promise<void>) {
    this.#context = context;
    this.#start = start;
  }

  schedule(container: Container, delay: number): void {
    if (this.#disposed) return;
    this.cancel(container);
    const timer = setTimeout(() => {
      this.#timers.delete(container.id);
      void this.#restart(container);
    }, delay);
    timer.unref();
    this.#timers.set(container.id, timer);
  }

  async #restart(container: Container): Promise<void> {
    if (container.status !== 'restarting' || this.#disposed) return;
    try {
      await this.#start(container);
    } catch (error) {
      if (container.removed || isErrorCode(error, 'not-modified')) return;
      const most = container.record.hostConfig.RestartPolicy?.MaximumRetryCount ?? 0;
      this.#context.logger.warn('a restart failed', { container: container.id, error });
      const { restartCount } = container.state;
      if (most > 0 && restartCount >= most) return;
      if (isGivenUp(container)) return;
      container.transition('restarting', { restartCount: restartCount + 1 });
      this.schedule(container, restartDelay(restartCount, 0n));
    }
  }

  cancel(container: Container): void {
    clearTimeout(this.#timers.get(container.id));
    this.#timers.delete(container.id);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Meanwhile a user has stopped it, or takes it away. */
function isGivenUp(container: Container): boolean {
  return container.state.manuallyStopped || container.removed || container.status === 'removing';
}
