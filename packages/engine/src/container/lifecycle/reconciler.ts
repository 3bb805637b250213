import { isErrorCode, nowNanos } from '@pouch/base';
import type { TaskProcess } from '@pouch/containerd';
import type { Container } from '../container.ts';
import type { LifecycleContext } from './context.ts';
import type { ExitHandler } from './exit-handler.ts';
import type { Remover } from './remover.ts';

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

  constructor(
    context: LifecycleContext,
    dependencies: {
      exits: ExitHandler;
      remover: Remover;
      /** Take up the streams of a run that goes on. */
      adopt: (container: Container, task: TaskProcess) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#exits = dependencies.exits;
    this.#remover = dependencies.remover;
    this.#adopt = dependencies.adopt;
  }

  /** Ids of the containers whose process is there, or may be: what networks and volumes must keep. */
  async liveIds(): Promise<Set<string>> {
    const tasks = await this.#tasks();
    const kept = this.#context.index.all().filter((container) => {
      const task = tasks.get(container.id);
      return container.live && task !== undefined && task.status !== 'stopped';
    });
    return new Set(kept.map((container) => container.id));
  }

  /** While the daemon runs: settle what events may have missed. */
  async catchUp(): Promise<void> {
    const tasks = await this.#tasks();
    for (const container of this.#context.index.all()) {
      // One that is being started now belongs to its start.
      if (container.live && !this.#context.mutex.isBusy(container.id))
        await this.#settle(container, tasks.get(container.id));
    }
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
        return await this.#settle(container, task, true);
      default:
        if (task) await this.#context.tasks.purge(container.id, container.record.runtime);
    }
  }

  /** Nobody was told that it runs: a process that does is taken as started, anything less is undone. */
  async #recoverStart(container: Container, task: TaskProcess | undefined): Promise<void> {
    const started = task && (task.status === 'running' || task.status === 'stopped' || task.status === 'paused');
    if (started) {
      container.transition('running', { pid: task.pid, startedAt: nowNanos().toString() });
      return await this.#settle(container, task, true);
    }
    await this.#context.tasks.purge(container.id, container.record.runtime);
    await this.#context.networks.release(container.id);
    const wasRun = container.state.finishedAt !== '';
    container.transition(wasRun ? 'exited' : 'created', {
      pid: 0,
      error: 'the daemon ended while it was being started',
    });
  }

  async #settle(container: Container, task: TaskProcess | undefined, fresh = false): Promise<void> {
    if (task && task.status !== 'stopped') {
      if (fresh) await this.#adopt(container, task);
      const paused = task.status === 'paused';
      if (paused !== (container.status === 'paused')) container.transition(paused ? 'paused' : 'running');
      if (task.pid !== container.state.pid) container.transition(container.status, { pid: task.pid });
      return;
    }
    if (fresh && task) await this.#adopt(container, task);
    await this.#exits.handle(container, {
      pid: 0,
      exitCode: task?.exitStatus ?? LOST,
      at: task?.exitedAt ?? nowNanos(),
    });
  }

  async #tasks(): Promise<Map<string, TaskProcess>> {
    const list = await this.#context.containerd.tasks.list();
    return new Map(list.map((task) => [task.containerId, task]));
  }

  /** Tasks, records and snapshots of ours that belong to no container. */
  async #sweep(tasks: ReadonlyMap<string, TaskProcess>): Promise<void> {
    const { containerd, index, logger } = this.#context;
    const known = (id: string): boolean => index.byId(id) !== undefined;
    for (const id of tasks.keys()) if (!known(id)) await this.#context.tasks.purge(id, 'runc');
    for await (const record of containerd.containers.list()) {
      const container = index.byId(record.id);
      if (record.labels['pouch/container'] === undefined || container?.live) continue;
      await this.#context.tasks.purge(record.id, container?.record.runtime ?? 'runc');
    }
    const orphans: string[] = [];
    for await (const snapshot of containerd.snapshots.list()) {
      if (snapshot.kind === 'active' && snapshot.labels['pouch/container'] !== undefined && !known(snapshot.name))
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
