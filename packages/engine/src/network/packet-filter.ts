import { nftApply } from '@pouch/linux';
import { bridgeChange, type FilteredBridge, portChange, tableScript } from './filter-script.ts';
import type { PublishedPort } from './sandbox-record.ts';

interface Change {
  readonly script: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Our table in the kernel's packet filter. The whole wanted state is kept here; each change is one transaction of
 * elements, and changes that arrive while one is under way travel together in the next. Where a transaction fails
 * (someone flushed the ruleset, say) the whole table is put up anew from the wanted state, again in one transaction.
 */
export class PacketFilter {
  readonly table: string;
  readonly #bridges = new Map<string, FilteredBridge>();
  /** By sandbox. */
  readonly #ports = new Map<string, readonly PublishedPort[]>();
  #waiting: Change[] = [];
  #running = false;

  constructor(options: { readonly table: string }) {
    this.table = options.table;
  }

  /** Replace the table by one for exactly these bridges and ports. */
  async reset(bridges: readonly FilteredBridge[], ports: ReadonlyMap<string, readonly PublishedPort[]>): Promise<void> {
    this.#bridges.clear();
    this.#ports.clear();
    for (const bridge of bridges) this.#bridges.set(bridge.bridge, bridge);
    for (const [sandbox, list] of ports) this.#ports.set(sandbox, list);
    await nftApply(this.#wholeTable());
  }

  async addBridge(bridge: FilteredBridge): Promise<void> {
    if (this.#bridges.has(bridge.bridge)) await this.removeBridge(bridge.bridge);
    this.#bridges.set(bridge.bridge, bridge);
    await this.#apply(bridgeChange('add', this.table, bridge));
  }

  async removeBridge(name: string): Promise<void> {
    const bridge = this.#bridges.get(name);
    if (!bridge) return;
    this.#bridges.delete(name);
    await this.#apply(bridgeChange('delete', this.table, bridge));
  }

  /** Set what a sandbox publishes; an empty list takes everything back. */
  async publish(sandboxId: string, ports: readonly PublishedPort[]): Promise<void> {
    const before = this.#ports.get(sandboxId) ?? [];
    if (ports.length === 0) this.#ports.delete(sandboxId);
    else this.#ports.set(sandboxId, ports);
    const keys = new Set(ports.map(portKey));
    const old = new Set(before.map(portKey));
    const removed = before.filter((port) => !keys.has(portKey(port)));
    const added = ports.filter((port) => !old.has(portKey(port)));
    try {
      await this.#apply(portChange('delete', this.table, removed) + portChange('add', this.table, added));
    } catch (error) {
      this.#ports.set(sandboxId, before);
      throw error;
    }
  }

  /** Take our table away. Published ports and name resolution end with it. */
  async remove(): Promise<void> {
    this.#bridges.clear();
    this.#ports.clear();
    await nftApply(`table inet ${this.table} {}\ndelete table inet ${this.table}\n`);
  }

  #wholeTable(): string {
    return tableScript(this.table, [...this.#bridges.values()], [...this.#ports.values()].flat());
  }

  async #apply(script: string): Promise<void> {
    if (script === '') return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ script, resolve, reject });
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const applied = await nftApply(batch.map((change) => change.script).join(''), { allowFailure: true });
        if (!applied) await nftApply(this.#wholeTable());
        for (const change of batch) change.resolve();
      } catch (error) {
        for (const change of batch) change.reject(error);
      }
    }
    this.#running = false;
  }
}

function portKey(port: PublishedPort): string {
  return `${port.protocol} ${port.hostIp} ${port.hostPort} ${port.target} ${port.containerPort}`;
}
