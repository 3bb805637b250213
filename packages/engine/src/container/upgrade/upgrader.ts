import type { AuthConfig, ContainerUpgradeRequest, ContainerUpgradeResponse } from '@pouch/api';
import { background, errorMessage, isErrorCode, PouchError } from '@pouch/base';
import type { ContainerImage, ImageService } from '../../image/image-service.ts';
import type { Container } from '../container.ts';
import type { ContainerGeneration, ContainerUpgrade } from '../container-record.ts';
import { publishContainerEvent } from '../lifecycle/container-events.ts';
import type { LifecycleContext } from '../lifecycle/context.ts';
import type { Starter } from '../lifecycle/starter.ts';
import type { Stopper } from '../lifecycle/stopper.ts';
import type { RichSetup } from '../rich/index.ts';
import { RootfsView } from '../spec/index.ts';
import { addImageVolumes, become, generationOf, nextGeneration } from './generation.ts';
import { watchHealth } from './watch.ts';

/** Milliseconds that what a container was before is kept. */
const KEPT_FOR = 7 * 24 * 3_600_000;
const COLLECT_EVERY = 3_600_000;
/** Nanoseconds. */
const DEFAULT_WATCH = 10_000_000_000;

export interface UpgraderDependencies {
  readonly images: ImageService;
  readonly starter: Starter;
  readonly stopper: Stopper;
  readonly rich: RichSetup;
}

/**
 * Puts another image under a container that keeps its id, name, addresses, ports and volumes. Each step is in the record before
 * it is done, and which image a container is of changes in one write: whatever a crash cuts short, the next daemon ends it on
 * the old image or on the new one.
 */
export class Upgrader implements Disposable {
  readonly #context: LifecycleContext;
  readonly #parts: UpgraderDependencies;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(context: LifecycleContext, dependencies: UpgraderDependencies) {
    this.#context = context;
    this.#parts = dependencies;
  }

  /** Resolves when the new image has proved itself. Throws `conflict`, the container as it was, when it has not. */
  async upgrade(
    container: Container,
    request: ContainerUpgradeRequest,
    options: { auth?: AuthConfig | undefined } = {},
  ): Promise<ContainerUpgradeResponse> {
    const { record } = container;
    if (record.hostConfig.AutoRemove)
      throw new PouchError('invalid-argument', 'a container under --rm cannot be upgraded');
    const to = await this.#target(container, request, options.auth);
    const before = record.imageReference;
    await this.#begin(container, to, request);
    try {
      await this.#prepare(container, to, request.Rollback ?? false);
      await this.#takeDown(container, request.StopTimeout);
    } catch (error) {
      await this.#giveUp(container);
      throw error;
    }
    const stoppedAt = BigInt(container.state.finishedAt || '0');
    const { running } = record.upgrade as ContainerUpgrade;
    const problem = await this.#prove(container);
    if (problem !== undefined)
      throw new PouchError(
        'conflict',
        `the upgrade of ${record.name} to ${to.imageReference} failed and was rolled back: ${problem}`,
      );
    const downtime = running ? BigInt(container.state.startedAt || '0') - stoppedAt : 0n;
    const facts = { from: before, to: to.imageReference };
    if (request.Rollback) publishContainerEvent(this.#context.events, container, 'rollback', facts);
    else publishContainerEvent(this.#context.events, container, 'upgrade', facts);
    return { Image: record.imageId, Previous: before, Downtime: Number(downtime) };
  }

  async #target(
    container: Container,
    request: ContainerUpgradeRequest,
    auth: AuthConfig | undefined,
  ): Promise<ContainerGeneration> {
    const { record } = container;
    if (request.Rollback) {
      if (!record.previous) throw new PouchError('conflict', `nothing is kept of what ${record.name} was before`);
      return structuredClone(record.previous.generation);
    }
    if (!request.Image) throw new PouchError('invalid-argument', 'an upgrade needs an Image, or Rollback');
    const { images } = this.#parts;
    const [next, old] = await Promise.all([
      this.#fetch(request.Image, auth),
      images.resolve(record.imageId).catch((error: unknown) => {
        if (isErrorCode(error, 'not-found')) return undefined;
        throw error;
      }),
    ]);
    if (!old)
      throw new PouchError(
        'conflict',
        `the image ${record.imageReference} of ${record.name} was removed: what of its configuration came from it is not known any more`,
      );
    return nextGeneration(container, request, { old, new: next });
  }

  /** Here and unpacked before anything is stopped. */
  async #fetch(reference: string, auth: AuthConfig | undefined): Promise<ContainerImage> {
    const { images } = this.#parts;
    try {
      return await images.resolve(reference);
    } catch (error) {
      if (!isErrorCode(error, 'not-found')) throw error;
      await images.pull(reference, { signal: this.#stop.signal, ...(auth && { auth }) });
      return await images.resolve(reference);
    }
  }

  async #begin(container: Container, to: ContainerGeneration, request: ContainerUpgradeRequest): Promise<void> {
    await this.#context.mutex.run(container.id, async () => {
      const { record, status } = container;
      if (record.upgrade) throw new PouchError('conflict', `container ${record.name} is being upgraded already`);
      if (container.removed || !['running', 'exited', 'created'].includes(status)) {
        throw new PouchError(
          'conflict',
          `container ${record.name} is ${status}: only one that runs or is stopped can be upgraded`,
        );
      }
      record.upgrade = {
        phase: 'preparing',
        other: to,
        running: status === 'running',
        kept: request.Rollback ?? false,
        volumes: [],
        watch: Math.round((request.Watch ?? DEFAULT_WATCH) / 1_000_000),
      };
      container.save();
      await Promise.resolve();
    });
  }

  /** What can be done while the old one runs: snapshot, volumes, and whether the image will do. */
  async #prepare(container: Container, to: ContainerGeneration, kept: boolean): Promise<void> {
    if (kept) return;
    const { containerd, volumes } = this.#context;
    const { record } = container;
    const labels = { 'containerd.io/gc.root': new Date().toISOString(), 'pouch/container': record.id };
    const mounts = await containerd.snapshots.prepare(to.snapshotKey, to.chainId, labels, { retryUnavailable: true });
    const init = await this.#parts.rich.findInit(to.config, new RootfsView(mounts));
    if (init !== undefined) to.init = init;
    const made = await addImageVolumes(to, volumes);
    Object.assign(record.upgrade as ContainerUpgrade, { other: to, volumes: made });
    container.save();
  }

  async #takeDown(container: Container, timeout: number | undefined): Promise<void> {
    const { record } = container;
    (record.upgrade as ContainerUpgrade).phase = 'switching';
    container.save();
    await this.#stopQuietly(container, timeout);
  }

  async #stopQuietly(container: Container, timeout?: number): Promise<void> {
    await this.#parts.stopper.stop(container, { timeout }).catch((error: unknown) => {
      if (!isErrorCode(error, 'not-modified')) throw error;
    });
  }

  /** Turn it into the other one, in one write. */
  async #switch(container: Container, phase: 'watching' | 'rolling-back'): Promise<void> {
    await this.#context.mutex.run(container.id, async () => {
      const { record } = container;
      const upgrade = record.upgrade as ContainerUpgrade;
      if (container.removed || container.status === 'removing')
        throw new PouchError('conflict', `container ${record.name} was removed meanwhile`);
      if (container.live) throw new PouchError('conflict', `container ${record.name} was started meanwhile`);
      await Promise.all([container.cleanup, this.#context.filesIdle(container.id)]);
      const other = generationOf(container);
      become(container, upgrade.other);
      record.upgrade = { ...upgrade, phase, other, watchUntil: 0 };
      container.save();
    });
  }

  /** From the switch to the end: the problem with the new image, when the old one is back. */
  async #prove(container: Container): Promise<string | undefined> {
    try {
      await this.#switch(container, 'watching');
    } catch (error) {
      await this.#giveUp(container);
      throw error;
    }
    const upgrade = container.record.upgrade as ContainerUpgrade;
    if (!upgrade.running) return await this.#finish(container);
    try {
      await this.#parts.starter.start(container);
    } catch (error) {
      if (!isErrorCode(error, 'not-modified')) {
        await this.#rollBack(container);
        return errorMessage(error);
      }
    }
    upgrade.watchUntil = Date.now() + upgrade.watch;
    container.save();
    return await this.#watch(container);
  }

  async #watch(container: Container): Promise<string | undefined> {
    const { watchUntil = 0, watch } = container.record.upgrade as ContainerUpgrade;
    const problem = watch === 0 ? undefined : await watchHealth(container, watchUntil, this.#stop.signal);
    if (problem === undefined) return await this.#finish(container);
    await this.#rollBack(container);
    return problem;
  }

  /** The new one stays. What it was before the last time goes; what it was just now is kept for a while. */
  async #finish(container: Container): Promise<undefined> {
    const { record } = container;
    if (container.removed) return;
    const { other, kept } = record.upgrade as ContainerUpgrade;
    const stale = kept ? undefined : record.previous?.generation;
    record.previous = { generation: other, until: Date.now() + KEPT_FOR };
    delete record.upgrade;
    container.save();
    await this.#settle(container);
    if (stale) await this.#drop(container, stale);
  }

  async #rollBack(container: Container): Promise<void> {
    await this.#stopQuietly(container);
    await this.#switch(container, 'rolling-back');
    const upgrade = container.record.upgrade as ContainerUpgrade;
    try {
      if (upgrade.running) await this.#startAgain(container);
    } finally {
      await this.#giveUp(container);
    }
  }

  async #startAgain(container: Container): Promise<void> {
    await this.#parts.starter.start(container).catch((error: unknown) => {
      if (!isErrorCode(error, 'not-modified')) throw error;
    });
  }

  /** It is of the old image; what was made for the other one goes. */
  async #giveUp(container: Container): Promise<void> {
    const { record } = container;
    const { upgrade } = record;
    if (!upgrade) return;
    delete record.upgrade;
    container.save();
    await this.#settle(container);
    if (!upgrade.kept) await this.#drop(container, upgrade.other);
    for (const name of upgrade.volumes) {
      await this.#context.volumes.remove(name, { force: true }).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found')) this.#context.logger.warn('a volume stays', { volume: name, error });
      });
    }
  }

  /** Its network was kept over the change; one that does not run in the end has none. */
  async #settle(container: Container): Promise<void> {
    if (!container.live && container.status !== 'starting') await this.#context.networks.release(container.id);
  }

  async #drop(container: Container, { snapshotKey }: ContainerGeneration): Promise<void> {
    if (snapshotKey === container.snapshotKey) return;
    const { rootQuota, flushed } = this.#context;
    // No record that a loss of power leaves may count on it.
    await flushed();
    await rootQuota.displace(container, snapshotKey);
    await this.#context.containerd.snapshots.remove(snapshotKey, { retryUnavailable: true }).catch((error: unknown) => {
      // The next start of the daemon sweeps what belongs to no container.
      if (!isErrorCode(error, 'not-found'))
        this.#context.logger.warn('a snapshot stays', { snapshot: snapshotKey, error });
    });
    await rootQuota.leaveGeneration(container, snapshotKey);
  }

  /** At the daemon's start, when what runs is known: end what the last daemon had begun. */
  async recover(): Promise<void> {
    for (const container of this.#context.index.all()) {
      if (!container.record.upgrade) continue;
      try {
        await this.#recoverOne(container);
      } catch (error) {
        this.#context.logger.error('an upgrade could not be ended', { container: container.id, error });
      }
    }
    await this.#collect();
    this.#timer = setInterval(() => background(this.#collect(), () => {}), COLLECT_EVERY);
    this.#timer.unref();
  }

  async #recoverOne(container: Container): Promise<void> {
    const { record } = container;
    const upgrade = record.upgrade as ContainerUpgrade;
    this.#context.logger.info('an upgrade was cut short', { container: container.id, phase: upgrade.phase });
    if (upgrade.phase === 'watching') {
      if (!upgrade.running) {
        await this.#finish(container);
        return;
      }
      if (!container.live) return await this.#rollBack(container);
      // Anew: while no daemon ran, nobody asked for its health.
      upgrade.watchUntil = Date.now() + upgrade.watch;
      background(this.#watch(container), (error) =>
        this.#context.logger.error('an upgrade could not be ended', { container: container.id, error }),
      );
      return;
    }
    if (upgrade.running && !container.live) await this.#startAgain(container);
    await this.#giveUp(container);
  }

  /** What containers were before their upgrades is kept for a week. */
  async #collect(): Promise<void> {
    for (const container of this.#context.index.all()) {
      const { previous, upgrade } = container.record;
      if (!previous || upgrade || previous.until > Date.now()) continue;
      delete container.record.previous;
      container.save();
      await this.#drop(container, previous.generation);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#stop.abort();
  }
}
