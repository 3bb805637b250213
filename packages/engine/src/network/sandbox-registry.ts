import type { NetworkStore } from './network-store.ts';
import type { EndpointRecord, SandboxRecord } from './sandbox-record.ts';

/** All sandboxes, in memory and in the store. Writing comes before acting: `put` first, then the kernel. */
export class SandboxRegistry {
  readonly #store: NetworkStore;
  readonly #records = new Map<string, SandboxRecord>();
  readonly #byContainer = new Map<string, string>();

  constructor(store: NetworkStore) {
    this.#store = store;
    for (const { json } of store.list('sandbox')) this.#index(JSON.parse(json) as SandboxRecord);
  }

  all(): SandboxRecord[] {
    return [...this.#records.values()];
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  /** The sandbox a container lives in. */
  ofContainer(containerId: string): SandboxRecord | undefined {
    const id = this.#byContainer.get(containerId);
    return id === undefined ? undefined : this.#records.get(id);
  }

  put(record: SandboxRecord): SandboxRecord {
    this.#store.put({ kind: 'sandbox', id: record.id, json: JSON.stringify(record) });
    this.#index(record);
    return record;
  }

  delete(id: string): void {
    this.#store.delete('sandbox', id);
    const record = this.#records.get(id);
    this.#records.delete(id);
    const container = record?.owner?.containerId;
    if (container !== undefined && this.#byContainer.get(container) === id) this.#byContainer.delete(container);
  }

  /** Live endpoints of a network with the sandboxes they belong to. */
  membersOf(networkId: string): { readonly record: SandboxRecord; readonly endpoint: EndpointRecord }[] {
    return this.all().flatMap((record) =>
      record.state === 'live'
        ? record.endpoints
            .filter((endpoint) => endpoint.networkId === networkId)
            .map((endpoint) => ({ record, endpoint }))
        : [],
    );
  }

  #index(record: SandboxRecord): void {
    this.#records.set(record.id, record);
    const container = record.owner?.containerId;
    if (container === undefined) return;
    if (record.state === 'live') this.#byContainer.set(container, record.id);
    else if (this.#byContainer.get(container) === record.id) this.#byContainer.delete(container);
  }
}
