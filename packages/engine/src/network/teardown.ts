import { background, errorMessage, type Logger, sleep } from '@pouch/base';
import type { NetnsDirectory } from '@pouch/linux';
import type { AddressBook } from './address-book.ts';
import type { NetworkDriverName } from './network.ts';
import type { NetworkDriver } from './network-driver.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { SandboxRecord } from './sandbox-record.ts';
import type { SandboxRegistry } from './sandbox-registry.ts';

/** Sandboxes that are let go within this time are taken down together. Milliseconds. */
const GATHER_MS = 30;
const MAX_BATCH = 64;
const RETRY_MS = [200, 1000, 5000, 30_000];

export interface TeardownDependencies {
  readonly drivers: ReadonlyMap<NetworkDriverName, NetworkDriver>;
  readonly netns: NetnsDirectory;
  readonly networks: NetworkRegistry;
  readonly sandboxes: SandboxRegistry;
  readonly addresses: AddressBook;
  readonly log: Logger;
}

/**
 * Takes sandboxes down in the background, many with one request to the kernel. A sandbox's record and addresses go only
 * when its devices and namespace are gone; what fails is tried again, and after a restart by `reconcile`.
 */
export class Teardown {
  readonly #deps: TeardownDependencies;
  #waiting: SandboxRecord[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(dependencies: TeardownDependencies) {
    this.#deps = dependencies;
  }

  /** Let a sandbox go; it must be recorded as dying. */
  add(record: SandboxRecord): void {
    this.#waiting.push(record);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is left to take down, or after failures that will be tried again later. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Finish what is under way and start nothing new: the rest is in the records. */
  async close(): Promise<void> {
    await this.settled();
    this.#closed = true;
  }

  async #run(): Promise<void> {
    await sleep(GATHER_MS);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#takeDown(batch);
      } catch (error) {
        if (batch.length > 1) for (const record of batch) await this.#takeDownAlone(record);
        else this.#retryLater(batch[0] as SandboxRecord, error, 0);
      }
    }
    this.#running = undefined;
  }

  async #takeDownAlone(record: SandboxRecord, attempt = 0): Promise<void> {
    try {
      await this.#takeDown([record]);
    } catch (error) {
      this.#retryLater(record, error, attempt);
    }
  }

  #retryLater(record: SandboxRecord, error: unknown, attempt: number): void {
    if (this.#closed) return;
    const { log } = this.#deps;
    log.warn('cannot take down a sandbox yet', { sandbox: record.id, attempt, error: errorMessage(error) });
    const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
    const timer = setTimeout(() => {
      if (!this.#closed) background(this.#takeDownAlone(record, attempt + 1), () => {});
    }, pause);
    timer.unref();
  }

  async #takeDown(records: readonly SandboxRecord[]): Promise<void> {
    const { drivers, netns, networks, sandboxes, addresses } = this.#deps;
    // One that is gone already must not give up its addresses a second time: they may have a new owner.
    const batch = records.filter((record) => sandboxes.has(record.id));
    const present = new Set(await netns.list());
    const leaving = batch.flatMap((record) =>
      record.endpoints.map((endpoint) => ({
        endpoint,
        netnsPath: record.netns !== undefined && present.has(record.netns) ? netns.path(record.netns) : undefined,
      })),
    );
    for (const [name, driver] of drivers) {
      const own = leaving.filter(({ endpoint }) => networks.get(endpoint.networkId)?.driver === name);
      if (own.length > 0) await driver.leave(own);
    }
    // A namespace that is named here is this record's alone, except where a live sandbox was left by one network.
    const live = new Set(sandboxes.all().flatMap((record) => (record.state === 'dying' ? [] : (record.netns ?? []))));
    await netns.remove(batch.flatMap(({ netns: name }) => (name !== undefined && !live.has(name) ? [name] : [])));
    for (const record of batch) {
      sandboxes.delete(record.id);
      for (const endpoint of record.endpoints) addresses.release(endpoint.networkId, endpoint);
    }
  }
}
