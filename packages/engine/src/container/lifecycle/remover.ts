import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { background, isErrorCode, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';
import type { Restarter } from './restarter.ts';
import type { Stopper } from './stopper.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Also the anonymous volumes. */
  readonly volumes: boolean;
}

export interface RemoveFollowers {
  /** Control groups that a runtime which was cut short left. */
  removeCgroups(container: Container): Promise<void>;
}

/** How often a forced removal kills a container that is started again under its hands. */
const MOST_KILLS = 5;

/**
 * Takes containers away. The record says `removing` (and gives the name back) before anything goes, and is forgotten
 * when all is gone: a crash in between is finished at the next start.
 */
export class Remover {
  readonly #context: LifecycleContext;
  readonly #stopper: Stopper;
  readonly #restarter: Restarter;
  readonly #followers: RemoveFollowers;

  constructor(context: LifecycleContext, stopper: Stopper, restarter: Restarter, followers: RemoveFollowers) {
    this.#context = context;
    this.#stopper = stopper;
    this.#restarter = restarter;
    this.#followers = followers;
  }

  async remove(container: Container, options: RemoveOptions): Promise<void> {
    const wasThere = !container.removed && container.status !== 'removing';
    for (let attempt = 1; ; attempt += 1) {
      if ((container.live || container.restarting) && !options.force) throw this.#refusal(container);
      if (container.live) {
        await this.#stopper.kill(container, 'SIGKILL').catch((error: unknown) => {
          if (!isErrorCode(error, 'conflict')) throw error;
        });
      }
      const gone = await this.#context.mutex.run(container.id, async () => {
        // Under --rm it may have gone by itself once it was killed: then all is as the caller wants it.
        if (container.removed && wasThere) return true;
        if (container.removed) throw new PouchError('not-found', `No such container: ${container.id}`);
        if (!container.live) {
          await this.#takeAway(container, options.volumes);
          return true;
        }
        // Its policy, or somebody else, has started it meanwhile.
        if (!options.force || attempt >= MOST_KILLS) throw this.#refusal(container);
        return false;
      });
      if (gone) return;
    }
  }

  /** After an exit under --rm: whoever waits is told once the removal is certain; the rest follows. */
  autoRemove(container: Container): void {
    const { mutex, logger } = this.#context;
    if (container.removed || container.status === 'removing') return;
    this.#mark(container);
    this.#context.index.vanish(container);
    container.announceGone({ code: container.state.exitCode });
    publishContainerEvent(this.#context.events, container, 'destroy');
    background(
      mutex.run(container.id, async () => {
        if (!container.removed) await this.#dismantle(container, true);
      }),
      (error) =>
        logger.warn('an automatic removal is not finished; the next start finishes it', {
          container: container.id,
          error,
        }),
    );
  }

  /** Finish what a crash interrupted, or undo a create that failed. */
  async finish(container: Container, volumes: boolean): Promise<void> {
    await this.#dismantle(container, volumes);
  }

  #refusal(container: Container): PouchError {
    const what =
      container.status === 'paused'
        ? 'container is paused and must be unpaused first'
        : `container is ${container.restarting ? 'restarting' : 'running'}: stop the container before removing or force remove`;
    return new PouchError('conflict', `cannot remove container "${container.record.name}": ${what}`);
  }

  async #takeAway(container: Container, volumes: boolean): Promise<void> {
    this.#restarter.cancel(container);
    this.#mark(container);
    await this.#dismantle(container, volumes);
    container.announceGone({ code: container.state.exitCode });
    publishContainerEvent(this.#context.events, container, 'destroy');
  }

  #mark(container: Container): void {
    container.transition('removing');
    this.#context.index.releaseName(container);
  }

  async #dismantle(container: Container, volumes: boolean): Promise<void> {
    const { networks, index, logger, rootQuota } = this.#context;
    await Promise.all([container.cleanup, this.#context.filesIdle(container.id)]);
    container.pump?.[Symbol.dispose]();
    container.pump = undefined;
    container.stdin[Symbol.dispose]();
    await Promise.all([networks.release(container.id), this.#releaseVolumes(container, volumes)]);
    for (const key of container.snapshotKeys) await this.#removeSnapshot(container, key);
    await this.#followers.removeCgroups(container).catch((error: unknown) => {
      logger.warn('control groups of a container stay', { container: container.id, error });
    });
    await rootQuota.leave(container);
    await rm(container.directory, { recursive: true, force: true });
    await rm(dirname(container.stdin.path), { recursive: true, force: true });
    container.forget();
    index.releaseName(container);
  }

  async #removeSnapshot(container: Container, key: string): Promise<void> {
    const { containerd, tasks, rootQuota } = this.#context;
    await rootQuota.displace(container, key);
    try {
      await containerd.snapshots.remove(key, { retryUnavailable: true });
    } catch (error) {
      if (isErrorCode(error, 'conflict') || /busy/.test(String(error))) {
        // A task of a run that a crash cut short still has it.
        await tasks.purge(container.id, container.record.runtime);
        await containerd.snapshots.remove(key, { retryUnavailable: true });
      } else if (!isErrorCode(error, 'not-found')) throw error;
    }
  }

  async #releaseVolumes(container: Container, remove: boolean): Promise<void> {
    const { volumes, logger } = this.#context;
    for (const mount of container.record.mounts) {
      if (mount.Type !== 'volume' || !mount.Name) continue;
      await volumes.unmount(mount.Name, container.id);
      if (!remove || !mount.anonymous) continue;
      await volumes.remove(mount.Name, { force: true }).catch((error: unknown) => {
        logger.info('an anonymous volume stays', { volume: mount.Name, error });
      });
    }
  }
}
