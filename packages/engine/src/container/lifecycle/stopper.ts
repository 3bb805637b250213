import { errorMessage, isErrorCode, nowNanos, PouchError, sleep, withDeadline } from '@pouch/base';
import type { Container } from '../container.ts';
import { publishContainerEvent } from './container-events.ts';
import { stopSignalOf } from '../rich/index.ts';
import { askPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';
import type { Restarter } from './restarter.ts';
import { parseSignal } from '../create/index.ts';

const DEFAULT_TIMEOUT = 10;
/** Milliseconds for a killed process to be gone and its exit to be settled. */
const KILL_PATIENCE = 30_000;

export interface StopOptions {
  readonly signal?: string | undefined;
  /** Seconds before SIGKILL; negative waits for ever. */
  readonly timeout?: number | undefined;
}

/** Ends containers: by signal and patience, or at once. */
export class Stopper {
  readonly #context: LifecycleContext;
  readonly #restarter: Restarter;

  constructor(context: LifecycleContext, restarter: Restarter) {
    this.#context = context;
    this.#restarter = restarter;
  }

  /** Throws `not-modified` when it does not run. Resolves when the exit is settled. */
  async stop(container: Container, options: StopOptions = {}): Promise<void> {
    const { record } = container;
    // Clients stop what may have ended already: that comes before what is wrong with their signal. What a policy is just
    // starting is waited for: it would run on behind a client that was told that there is nothing to stop.
    if (!container.live && container.status !== 'restarting' && container.status !== 'starting')
      throw new PouchError('not-modified', `container ${container.id} is not running`);
    const signal = signalFor(`cannot stop container: ${record.name}`, options.signal ?? stopSignalOf(record));
    const timeout = options.timeout ?? record.config.StopTimeout ?? DEFAULT_TIMEOUT;
    const waiting = await this.#beginStop(container);
    if (!waiting) return;
    await askPlugins(this.#context, 'pre-stop', container);
    if (container.status === 'paused') await this.#context.containerd.tasks.resume(container.id).catch(() => {});
    await this.#tellAndSignal(container, signal);
    const limit = timeout < 0 ? undefined : timeout * 1000;
    if (!(await endsWithin(waiting.exited, limit))) {
      await this.#tellAndSignal(container, 9);
      await withDeadline(waiting.exited, KILL_PATIENCE, `killing container ${container.id}`);
    }
    publishContainerEvent(this.#context.events, container, 'stop');
  }

  async #tellAndSignal(container: Container, signal: number): Promise<void> {
    await this.signal(container, signal);
    publishContainerEvent(this.#context.events, container, 'kill', { signal: String(signal) });
  }

  /** Marks the stop as the user's, under the lock, so that no policy starts it again. */
  async #beginStop(container: Container): Promise<{ exited: Promise<void> } | undefined> {
    return await this.#context.mutex.run(container.id, async () => {
      if (container.status === 'restarting') {
        this.#restarter.cancel(container);
        if (container.keepsNetwork) await this.#context.networks.release(container.id);
        container.keepsNetwork = false;
        container.transition('exited', {
          manuallyStopped: true,
          finishedAt: container.state.finishedAt || nowNanos().toString(),
        });
        publishContainerEvent(this.#context.events, container, 'stop');
        container.announceExit({ code: container.state.exitCode });
        return undefined;
      }
      if (!container.live) throw new PouchError('not-modified', `container ${container.id} is not running`);
      const exited = nextExit(container);
      container.record.state.manuallyStopped = true;
      container.save();
      return await Promise.resolve({ exited });
    });
  }

  /** Docker's `kill`: any signal; SIGKILL (or the stop signal) counts as a user's stop. Throws `conflict` when it does not run. */
  async kill(container: Container, name: string | undefined): Promise<void> {
    const signal = parseSignal(name || 'SIGKILL');
    if (!container.live) throw new PouchError('conflict', `container ${container.id} is not running`);
    const stopSignal = parseSignal(stopSignalOf(container.record));
    if (signal === 9 || signal === stopSignal) {
      container.record.state.manuallyStopped = true;
      container.save();
    }
    const exited = signal === 9 ? nextExit(container) : undefined;
    await this.signal(container, signal);
    publishContainerEvent(this.#context.events, container, 'kill', { signal: String(signal) });
    if (signal === 9 && container.status === 'paused')
      await this.#context.containerd.tasks.resume(container.id).catch(() => {});
    if (exited) await withDeadline(exited, KILL_PATIENCE, `killing container ${container.id}`);
  }

  /** To the init process. One that is gone already is not an error: its exit is on the way. */
  async signal(container: Container, signal: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#context.containerd.tasks.kill(container.id, signal, {}, { retryUnavailable: true });
      } catch (error) {
        if (
          isErrorCode(error, 'not-found', 'conflict') ||
          /process already finished|no such process/i.test(String(error))
        )
          return;
        if (attempt >= 3) throw error;
        await sleep(100 * attempt);
      }
    }
  }
}

function signalFor(action: string, name: string): number {
  try {
    return parseSignal(name);
  } catch (cause) {
    throw new PouchError('invalid-argument', `${action}: ${errorMessage(cause)}`, { cause });
  }
}

/** The exit that comes after this call. */
export function nextExit(container: Container): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscription = container.onExit(() => {
    subscription[Symbol.dispose]();
    resolve();
  });
  return promise;
}

async function endsWithin(exited: Promise<void>, milliseconds: number | undefined): Promise<boolean> {
  if (milliseconds === undefined) {
    await exited;
    return true;
  }
  const timer = new AbortController();
  const ended = exited.then(() => true);
  const late = sleep(milliseconds, timer.signal).then(
    () => false,
    () => true,
  );
  const first = await Promise.race([ended, late]);
  timer.abort();
  return first;
}
