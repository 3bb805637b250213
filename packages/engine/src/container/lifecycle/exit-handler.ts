import { nowNanos } from '@pouch/base';
import type { Container } from '../container.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';
import { restartDelay, shouldRestart } from './restart-policy.ts';

/** How a container's init ended. */
export interface InitExit {
  readonly pid: number;
  readonly exitCode: number;
  /** Nanoseconds since the epoch. */
  readonly at: bigint;
}

/** What follows an exit. */
export interface ExitFollowers {
  /** The policy wants it started again after `delay` milliseconds. */
  restart(container: Container, delay: number): void;
  /** It was run with --rm. */
  autoRemove(container: Container): void;
  /** Health checks and execs of this run end. */
  stopped(container: Container): void;
  /** What else a run holds on the host. */
  letGo(container: Container): Promise<void>;
  /** Whether the kernel killed a process of this run for want of memory; asked while its control group still stands. */
  ranOutOfMemory(container: Container): Promise<boolean>;
  /** Give back what its control group still holds. */
  reclaim(container: Container): Promise<void>;
  /** The exit code that the container is said to have, for that of its first process. */
  exitCode(container: Container, ofInit: number): Promise<number>;
}

/** Takes a container from running to exited: written down first, then its streams, network and volumes are let go. */
export class ExitHandler {
  readonly #context: LifecycleContext;
  readonly #followers: ExitFollowers;

  constructor(context: LifecycleContext, followers: ExitFollowers) {
    this.#context = context;
    this.#followers = followers;
  }

  /** Told by an event, or found at reconciliation; the second telling does nothing. */
  async handle(container: Container, exit: InitExit): Promise<void> {
    const end = await this.#context.mutex.run(container.id, async () => {
      if (!container.live || (exit.pid !== 0 && exit.pid !== container.state.pid)) return undefined;
      container.settling = true;
      const ended = await this.#settle(container, exit).finally(() => {
        container.settling = false;
      });
      container.announceExit({ code: ended.exitCode });
      return ended;
    });
    if (end === undefined) return;
    if (end.delay !== undefined) this.#followers.restart(container, end.delay);
    else if (container.record.hostConfig.AutoRemove && !container.restartPending) this.#followers.autoRemove(container);
  }

  async #settle(container: Container, exit: InitExit): Promise<{ delay: number | undefined; exitCode: number }> {
    const { state } = container;
    const ranFor = exit.at - BigInt(state.startedAt || '0');
    const finishedAt = (exit.at > 0n ? exit.at : nowNanos()).toString();
    // Not every shim tells of it, and none in time when it is the first process that was killed.
    const foundOom = !state.oomKilled && (await this.#followers.ranOutOfMemory(container));
    const oomKilled = state.oomKilled || foundOom;
    const exitCode = await this.#followers.exitCode(container, exit.exitCode);
    // Asked with nothing in between: a kill that comes now is a user's stop, or is refused.
    const restarts = shouldRestart(container.record, exitCode);
    const delay = restarts ? restartDelay(state.restartCount, ranFor) : undefined;
    // Counted with the exit, as Docker does: who sees it restart with a count sees the pause, not the start that follows.
    const restartCount = state.restartCount + (restarts ? 1 : 0);
    const ended = { pid: 0, exitCode, finishedAt, oomKilled, restartCount };
    this.#followers.stopped(container);
    container.transition(restarts ? 'restarting' : 'exited', ended);
    if (foundOom) publishContainerEvent(this.#context.events, container, 'oom');
    await this.#followers.reclaim(container).catch((error: unknown) => {
      this.#context.logger.warn('page cache is not given back', { container: container.id, error });
    });
    container.keepsNetwork = container.record.config.Rich === true && (restarts || container.restartPending);
    await this.letGo(container);
    publishContainerEvent(this.#context.events, container, 'die', {
      exitCode: String(exitCode),
      execDuration: String(ranFor / 1_000_000_000n),
    });
    return { delay, exitCode };
  }

  /** Task, streams, network and volumes of a run that has ended. Each is tried whatever became of the others. */
  async letGo(container: Container): Promise<void> {
    const { tasks, networks, volumes, logger } = this.#context;
    const { id } = container;
    const steps = await Promise.allSettled([
      (async () => {
        try {
          await this.#deleteTask(container);
        } finally {
          await container.pump?.finish();
          container.pump?.[Symbol.dispose]();
          container.pump = undefined;
          container.stdin[Symbol.dispose]();
        }
      })(),
      ...(container.record.upgrade || container.keepsNetwork ? [] : [networks.release(id)]),
      this.#followers.letGo(container),
      ...container.record.mounts
        .filter((mount) => mount.Type === 'volume' && mount.Name)
        .map((mount) => volumes.unmount(mount.Name as string, id)),
    ]);
    for (const step of steps) {
      if (step.status === 'rejected') logger.warn('letting go of a run failed', { container: id, error: step.reason });
    }
    container.cleanup = tasks.deleteRecord(id).catch((error: unknown) => {
      logger.warn('a container record stayed in containerd', { container: id, error });
    });
  }

  /** By force where containerd cannot: a shim whose runtime lost its state refuses for ever, and would stay. */
  async #deleteTask({ id, record }: Container): Promise<void> {
    const { tasks, logger } = this.#context;
    try {
      await tasks.deleteTask(id);
    } catch (error) {
      logger.warn('a task could not be deleted; it is taken away by force', { container: id, error });
      await tasks.purge(id, record.runtime);
    }
  }
}
