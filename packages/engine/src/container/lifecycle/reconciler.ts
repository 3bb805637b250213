import { isErrorCode, nowNanos } from '@pouch/base';
import type { TaskProcess } from '@pouch/containerd';
import type { Container } from '../container.ts';
import type { LifecycleContext } from './context.ts';
import type { ExitHandler, InitExit } from './exit-handler.ts';
import type { Remover } from './remover.ts';
import { shouldRestart } from './restart-policy.ts';

/** What a lost run is said to have ended with: nobody saw its exit. */
const LOST = 255;

/**
 * Brings records and containerd together: at the daemon's start, and whenever containerd came back. Exits that nobody
 * saw are settled with the code and time that the shim kept; what has no record goes; what a crash interrupted is
 * finished or undone.
 */
export class Reconciler {
  readonly #context: LifecycleContext;
  readonly #exits: ExitHandler;
  readonly #remover: Remover;
  readonly #adopt: (container: Container, task: TaskProcess) => Promise<void>;
  readonly #finishStreams: (container: Container) => Promise<void>;

  constructor(
    context: LifecycleContext,
    dependencies: {
      exits: ExitHandler;
      remover: Remover;
      /** Take up the streams of a run that goes on. */
      adopt: (container: Container, task: TaskProcess) => Promise<void>;
      /** Take the rest of an ended run's output into its log. */
      finishStreams: (container: Container) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#exits = dependencies.exits;
    this.#remover = dependencies.remover;
    this.#adopt = dependencies.adopt;
    this.#finishStreams = dependencies.finishStreams;
  }

  /** Ids of the containers whose process is there, or may be: what networks and volumes must keep. */
  async liveIds(): Promise<Set<string>> {
    const tasks = await this.#tasks();
    const kept = this.#context.index.all().filter((container) => {
      const task = tasks.get(container.id);
      // One that was being started may have got as far as running.
      const up = container.live || container.status === 'starting';
      // One that is being upgraded keeps its network whatever runs.
      if (container.record.upgrade) return true;
      return up && task !== undefined && task.status !== 'stopped';
    });
    return new Set(kept.map((container) => container.id));
  }

  /** While the daemon runs: settle what events may have missed. */
  async catchUp(): Promise<void> {
    const { index, mutex, logger } = this.#context;
    const tasks = await this.#tasks();
    const doubtful = index.all().filter((container) => {
      const task = tasks.get(container.id);
      const goesOn = task?.status === 'running' && container.status === 'running' && task.pid === container.state.pid;
      return mutex.isBusy(container.id) || (container.live && !goesOn);
    });
    await Promise.all(
      doubtful.map(async (container) => {
        try {
          await this.lookAgain(container);
        } catch (error) {
          logger.error('what became of a container is not known', { container: container.id, error });
        }
      }),
    );
    await this.#sweepShims(new Set(tasks.keys()));
    await this.#sweepBundles();
  }

  /** Nobody changes it meanwhile: a start or a stop under way comes to its end first, and the task is looked up after it. */
  async lookAgain(container: Container): Promise<void> {
    const { mutex } = this.#context;
    const ended = await mutex.run(container.id, async () => {
      if (!container.live) return undefined;
      const task = await this.#task(container.id);
      if (task && task.status !== 'stopped') {
        this.#takeOver(container, task);
        return undefined;
      }
      if (!task) await this.#context.tasks.purge(container.id, container.record.runtime);
      const { pid } = container.state;
      return { pid, ...(await this.#endOf(container, task)) };
    });
    if (!ended) return;
    await this.#exits.handle(container, ended);
    await this.#context.keptExits?.forget(container.id);
  }

  /** At start, before any request is served. */
  async recover(): Promise<void> {
    const tasks = await this.#tasks();
    const { index, logger } = this.#context;
    for (const container of index.all()) {
      try {
        await this.#recoverOne(container, tasks.get(container.id));
      } catch (error) {
        logger.error('a container could not be recovered', { container: container.id, error });
      }
    }
    await this.#sweep(tasks);
    await this.#sweepShims(new Set(tasks.keys()));
    await this.#sweepBundles();
  }

  async #recoverOne(container: Container, task: TaskProcess | undefined): Promise<void> {
    switch (container.status) {
      case 'creating':
        container.transition('removing');
        return await this.#remover.finish(container, true);
      case 'removing':
        return await this.#remover.finish(container, true);
      case 'starting':
        return await this.#recoverStart(container, task);
      case 'running':
      case 'paused':
        return await this.#settle(container, task);
      default:
        return await this.#recoverEnded(container, task);
    }
  }

  /** Its end was written down; what follows an end may not have been done. */
  async #recoverEnded(container: Container, task: TaskProcess | undefined): Promise<void> {
    if (task) await this.#context.tasks.purge(container.id, container.record.runtime);
    await this.#finishStreams(container);
    if (container.status !== 'exited' || !container.record.hostConfig.AutoRemove) return;
    container.transition('removing');
    await this.#remover.finish(container, true);
  }

  /** Nobody was told that it runs: a process that does is taken as started, anything less is undone. */
  async #recoverStart(container: Container, task: TaskProcess | undefined): Promise<void> {
    const started = task && (task.status === 'running' || task.status === 'stopped' || task.status === 'paused');
    if (started) {
      // When exactly it started was lost with the last daemon; never after its end.
      const startedAt = (task.exitedAt ?? nowNanos()).toString();
      container.transition('running', { pid: task.pid, startedAt });
      return await this.#settle(container, task);
    }
    await this.#context.tasks.purge(container.id, container.record.runtime);
    // Over an upgrade it is kept, to be started in again.
    if (!container.record.upgrade) await this.#context.networks.release(container.id);
    const wasRun = container.state.finishedAt !== '';
    const error = 'the daemon ended while it was being started';
    if (wasRun && shouldRestart(container.record, container.state.exitCode)) {
      container.transition('restarting', { pid: 0, error });
      return;
    }
    container.transition(wasRun ? 'exited' : 'created', { pid: 0, error });
    if (!container.record.hostConfig.AutoRemove) return;
    container.transition('removing');
    await this.#remover.finish(container, true);
  }

  #takeOver(container: Container, task: TaskProcess): void {
    const paused = task.status === 'paused';
    if (paused !== (container.status === 'paused')) container.transition(paused ? 'paused' : 'running');
    if (task.pid !== container.state.pid) container.transition(container.status, { pid: task.pid });
  }

  async #settle(container: Container, task: TaskProcess | undefined): Promise<void> {
    if (task && task.status !== 'stopped') {
      await this.#adopt(container, task);
      return this.#takeOver(container, task);
    }
    if (task) await this.#adopt(container, task);
    else {
      await this.#context.tasks.purge(container.id, container.record.runtime);
      await this.#finishStreams(container);
    }
    await this.#exits.handle(container, { pid: 0, ...(await this.#endOf(container, task)) });
    await this.#context.keptExits?.forget(container.id);
  }

  /** Code and time of a run that has ended: from its task, or where containerd has lost that, from its shim. */
  async #endOf({ id, state }: Container, task: TaskProcess | undefined): Promise<Omit<InitExit, 'pid'>> {
    const end = task ?? (await this.#context.keptExits?.find(id, state.pid));
    return { exitCode: end?.exitStatus ?? LOST, at: end?.exitedAt ?? nowNanos() };
  }

  async #task(id: string): Promise<TaskProcess | undefined> {
    try {
      return await this.#context.containerd.tasks.get(id);
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async #tasks(): Promise<Map<string, TaskProcess>> {
    const list = await this.#context.containerd.tasks.list();
    return new Map(list.map((task) => [task.containerId, task]));
  }

  /**
   * Under the lock: an exit that was settled a moment ago may have its policy start the container again already, and that
   * run's record and task look like leftovers until it is there.
   */
  async #purgeUnlessLive(id: string): Promise<void> {
    const { index, mutex, tasks } = this.#context;
    await mutex.run(id, async () => {
      const container = index.byId(id);
      if (!container?.live) await tasks.purge(id, container?.record.runtime ?? 'runc');
    });
  }

  /** Shims that nobody has use for: containerd forgets one whose task it could not delete. A stranger's may just be starting. */
  async #sweepShims(known: ReadonlySet<string>): Promise<void> {
    const { index, tasks, logger } = this.#context;
    for (const id of await tasks.shims()) {
      if (isForeign(id) || known.has(id) || index.byId(id)?.live) continue;
      try {
        await this.#purgeUnlessLive(id);
      } catch (error) {
        logger.warn('a leftover shim stays', { container: id, error });
      }
    }
  }

  /** What a containerd that died while it made or deleted a run left of it. */
  async #sweepBundles(): Promise<void> {
    const { index, mutex, tasks, logger } = this.#context;
    for (const name of await tasks.bundles()) {
      const id = name.replace(/^\./, '');
      if (isForeign(id)) continue;
      try {
        await mutex.run(id, async () => {
          if (name === id && (index.byId(id)?.live || (await this.#task(id)))) return;
          await tasks.removeBundle(name);
        });
      } catch (error) {
        logger.warn('a leftover of a run stays', { container: id, error });
      }
    }
  }

  /** Tasks, records and snapshots of ours that belong to no container. */
  async #sweep(tasks: ReadonlyMap<string, TaskProcess>): Promise<void> {
    const { containerd, index, logger } = this.#context;
    const known = (id: string): boolean => index.byId(id) !== undefined;
    for (const id of tasks.keys()) if (!known(id) && !isForeign(id)) await this.#context.tasks.purge(id, 'runc');
    const leftovers: string[] = [];
    for await (const record of containerd.containers.list())
      if (record.labels['pouch/container'] !== undefined && !index.byId(record.id)?.live) leftovers.push(record.id);
    for (const id of leftovers) await this.#purgeUnlessLive(id);
    const owned = new Set(index.all().flatMap((container) => container.snapshotKeys));
    const orphans: string[] = [];
    for await (const snapshot of containerd.snapshots.list()) {
      if (snapshot.kind === 'active' && snapshot.labels['pouch/container'] !== undefined && !owned.has(snapshot.name))
        orphans.push(snapshot.name);
    }
    for (const name of orphans) {
      try {
        await containerd.snapshots.remove(name);
      } catch (error) {
        if (!isErrorCode(error, 'not-found')) logger.warn('an orphaned snapshot stays', { snapshot: name, error });
      }
    }
  }
}

/** An id of BuildKit's, which looks after its steps itself. */
function isForeign(id: string): boolean {
  return /^[0-9a-z]{25}$/.test(id);
}
