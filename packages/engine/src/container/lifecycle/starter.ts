import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostConfig } from '@pouch/api';
import { errorMessage, isErrorCode, nowNanos, PouchError } from '@pouch/base';
import type { ProcessIo, TaskProcess } from '@pouch/containerd';
import type { Container } from '../container.ts';
import { createLogDriver, parseLogConfig } from '../stdio/log-options.ts';
import { SpoolPump } from '../stdio/spool-pump.ts';
import { publishContainerEvent } from './container-events.ts';
import type { InitScriptRunner } from './init-script.ts';
import { askPlugins, tellPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';
import { startError } from './start-error.ts';
import type { StartPlanner } from './start-plan.ts';

export interface StartOptions {
  /** Directory of CRIU's images to go on from. */
  readonly checkpoint?: string;
}

export interface StartFollowers {
  /** Health checks begin; `resumed` when the run went on from before this daemon. */
  started(container: Container, resumed: boolean): void;
  /** What must be there before the first process runs: its SSH server. */
  prepared(container: Container): Promise<void>;
  /** A start under --rm has failed. */
  autoRemove(container: Container): void;
  /** What a failed start must give back. */
  letGo(container: Container): Promise<void>;
}

/** Takes a container from created, exited or restarting to running. */
export class Starter {
  readonly #context: LifecycleContext;
  readonly #planner: StartPlanner;
  readonly #snapshotter: string;
  readonly #initScript: InitScriptRunner;
  readonly #followers: StartFollowers;
  readonly #writeLimits: (container: Container, config: HostConfig) => Promise<void>;

  constructor(
    context: LifecycleContext,
    dependencies: {
      planner: StartPlanner;
      snapshotter: string;
      initScript: InitScriptRunner;
      followers: StartFollowers;
      /** Limits that no runtime sets: between the making of the process and its start. */
      writeLimits: (container: Container, config: HostConfig) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#planner = dependencies.planner;
    this.#snapshotter = dependencies.snapshotter;
    this.#initScript = dependencies.initScript;
    this.#followers = dependencies.followers;
    this.#writeLimits = dependencies.writeLimits;
  }

  /** By a user: counts and marks of the restart policy begin anew. Throws `not-modified` when it runs. */
  async start(container: Container, options: StartOptions = {}): Promise<void> {
    await this.#context.mutex.run(container.id, async () => {
      this.#checkStartable(container);
      try {
        await this.#run(container, { manuallyStopped: false, restartCount: 0 }, options);
      } catch (error) {
        if (container.record.hostConfig.AutoRemove) this.#followers.autoRemove(container);
        throw error;
      }
    });
  }

  /** By the restart policy. */
  async restart(container: Container): Promise<void> {
    await this.#context.mutex.run(container.id, async () => {
      if (container.status !== 'restarting' || container.state.manuallyStopped) return;
      await this.#run(container, {});
    });
  }

  #checkStartable(container: Container): void {
    if (container.removed || container.status === 'removing') {
      throw new PouchError('conflict', 'container is marked for removal and cannot be started');
    }
    if (container.status === 'paused') {
      throw new PouchError('conflict', 'cannot start a paused container, try unpause instead');
    }
    if (container.live) throw new PouchError('not-modified', `container ${container.id} is already running`);
  }

  async #run(
    container: Container,
    changes: { manuallyStopped?: boolean; restartCount?: number },
    options: StartOptions = {},
  ): Promise<void> {
    const before = container.status;
    container.transition('starting', { ...changes, error: '', oomKilled: false });
    try {
      await Promise.all([container.cleanup, this.#context.filesIdle(container.id)]);
      await askPlugins(this.#context, 'pre-start', container);
      const { pid, startedAt } = await this.#launch(container, options);
      container.transition('running', { pid, exitCode: 0, startedAt });
    } catch (reason) {
      const error = startError(reason, container.record.path);
      await this.#undo(container, before, error);
      throw error;
    }
    this.#followers.started(container, false);
    publishContainerEvent(this.#context.events, container, 'start');
    tellPlugins(this.#context, 'post-start', container);
  }

  async #launch(container: Container, { checkpoint }: StartOptions): Promise<{ pid: number; startedAt: string }> {
    const { tasks, rootQuota } = this.#context;
    const [plan, io] = await Promise.all([this.#planner.plan(container), this.#openStreams(container)]);
    const request = {
      id: container.id,
      runtime: container.record.runtime,
      spec: plan.spec,
      snapshotter: this.#snapshotter,
      snapshotKey: container.snapshotKey,
      rootfs: plan.rootfs,
      io,
      labels: { 'pouch/container': container.record.name },
      image: container.record.imageReference,
      ...(checkpoint !== undefined && { checkpoint }),
    };
    const pid = await whileMaking(
      rootQuota.withRoom(container, async () => await tasks.create(request)),
      this.#planner.networkReady(container),
      this.#followers.prepared(container),
    );
    if (container.record.config.OpenStdin) container.stdin.adopt();
    await this.#writeLimits(container, container.record.hostConfig);
    // What is thawed has run its script long ago.
    if (container.record.config.InitScript && checkpoint === undefined) await this.#initScript.run(container);
    // Before its first word: clients ask for the log since then.
    const startedAt = nowNanos().toString();
    await tasks.start(container.id);
    const networks = Object.entries(plan.sandbox.networks);
    container.record.networkIds = Object.fromEntries(networks.map(([name, { NetworkID }]) => [name, NetworkID ?? '']));
    return { pid, startedAt };
  }

  /** A fresh spool and its pump; the input's FIFO where there is to be input. */
  async #openStreams(container: Container): Promise<ProcessIo> {
    const { config } = container.record;
    const terminal = config.Tty ?? false;
    container.spool.reset();
    this.#openPump(container, true);
    if (config.OpenStdin) {
      await mkdir(dirname(container.stdin.path), { recursive: true, mode: 0o700 });
      await container.stdin.make();
    }
    return {
      terminal,
      ...(config.OpenStdin && { stdin: container.stdin.path }),
      stdout: container.spool.path('stdout'),
      ...(!terminal && { stderr: container.spool.path('stderr') }),
    };
  }

  #openPump(container: Container, fresh: boolean): void {
    const { record } = container;
    container.pump?.[Symbol.dispose]();
    const subject = { id: record.id, name: record.name, image: record.imageReference, config: record.config };
    container.pump = new SpoolPump(
      { spool: container.spool, fresh, ringBuffer: parseLogConfig(record.hostConfig.LogConfig).ringBuffer },
      {
        driver: createLogDriver(record.hostConfig.LogConfig, container.logPath, subject),
        logger: this.#context.logger.child({ container: record.id }),
      },
    );
  }

  /** After a restart of the daemon: take up the streams of a run that goes on, or ended meanwhile. */
  async adopt(container: Container, task: TaskProcess): Promise<void> {
    this.#openPump(container, false);
    if (container.record.config.OpenStdin && task.status !== 'stopped') container.stdin.adopt();
    if (task.status !== 'stopped') this.#followers.started(container, true);
    await Promise.resolve();
  }

  /** Take into the log what a run that has ended left in its spool. */
  async finishStreams(container: Container): Promise<void> {
    if (!container.spool.unfinished) return;
    this.#openPump(container, false);
    await container.pump?.finish();
    container.pump?.[Symbol.dispose]();
    container.pump = undefined;
  }

  async #undo(container: Container, before: Container['status'], error: unknown): Promise<void> {
    const { tasks, logger } = this.#context;
    const exitCode = isErrorCode(error, 'command-not-found')
      ? 127
      : isErrorCode(error, 'command-not-executable')
        ? 126
        : 128;
    await tasks.purge(container.id, container.record.runtime).catch((reason: unknown) => {
      logger.warn('a failed start left something behind', { container: container.id, error: reason });
    });
    container.keepsNetwork = false;
    await this.#followers.letGo(container);
    const back = before === 'restarting' ? 'exited' : before;
    const finishedAt = before === 'created' ? container.state.finishedAt : nowNanos().toString();
    container.transition(back, { pid: 0, exitCode, error: errorMessage(error), finishedAt });
    publishContainerEvent(this.#context.events, container, 'die', { exitCode: String(exitCode) });
  }
}

/**
 * What the process will find, but needs not for its making, is set up while shim and runtime start. When anything fails, the rest is
 * waited for: undoing must not overtake it.
 */
async function whileMaking(making: Promise<number>, ...others: readonly Promise<void>[]): Promise<number> {
  const [made, ...rest] = await Promise.allSettled([making, ...others]);
  for (const each of [made, ...rest]) if (each.status === 'rejected') throw each.reason;
  return await making;
}
