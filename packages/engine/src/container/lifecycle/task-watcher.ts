import { background, type Logger } from '@pouch/base';
import type { ContainerdClient, ContainerdEvent } from '@pouch/containerd';

/** What the watcher tells of processes. An exec has an `execId`. */
export interface TaskListener {
  exited(exit: { containerId: string; execId: string | undefined; pid: number; exitCode: number; at: bigint }): void;
  oom(containerId: string): void;
  paused(containerId: string, paused: boolean): void;
  /** Events may have been missed until now: look at what is. */
  reconcile(): Promise<void>;
}

/** Listens to containerd's task events for as long as the daemon lives, over every restart of containerd. */
export class TaskWatcher implements AsyncDisposable {
  readonly #containerd: ContainerdClient;
  readonly #listener: TaskListener;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(dependencies: { containerd: ContainerdClient; listener: TaskListener; logger: Logger }) {
    this.#containerd = dependencies.containerd;
    this.#listener = dependencies.listener;
    this.#logger = dependencies.logger;
  }

  /** Resolves once no later event can be missed and the first reconciliation is done. */
  async start(): Promise<void> {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    this.#running = this.#watch(resolve);
    await ready;
  }

  async #watch(ready: () => void): Promise<void> {
    const filters = ['topic~="^/tasks/"'];
    for await (const item of this.#containerd.events.watch({ filters, signal: this.#stop.signal })) {
      if (item.type === 'event') this.#take(item.event);
      else if (item.type === 'interrupted')
        this.#logger.warn('the events of containerd broke off', { error: item.error });
      else {
        background(this.#listener.reconcile().finally(ready), (error) =>
          this.#logger.error('reconciliation with containerd failed', { error }),
        );
      }
    }
  }

  #take({ event }: ContainerdEvent): void {
    switch (event.kind) {
      case 'TaskExit': {
        const execId = event.id === event.containerId ? undefined : event.id;
        const { containerId, pid, exitStatus, exitedAt } = event;
        return this.#listener.exited({ containerId, execId, pid, exitCode: exitStatus, at: exitedAt ?? 0n });
      }
      case 'TaskOOM':
        return this.#listener.oom(event.containerId);
      case 'TaskPaused':
        return this.#listener.paused(event.containerId, true);
      case 'TaskResumed':
        return this.#listener.paused(event.containerId, false);
      default:
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
