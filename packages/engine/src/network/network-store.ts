/**
 * Where the network room keeps what must outlive the daemon. Calls are synchronous and durable: when `put` returns, the
 * record survives a crash. Every change of the kernel is recorded here before it is made.
 */
export interface NetworkStore {
  get(kind: NetworkRecordKind, id: string): NetworkRecord | undefined;
  /** Insert or replace. */
  put(record: NetworkRecord): void;
  /** A record that does not exist is no error. */
  delete(kind: NetworkRecordKind, id: string): void;
  list(kind: NetworkRecordKind): NetworkRecord[];
}

/**
 * - network: a network's configuration;
 * - sandbox: a namespace with its devices and addresses, in the pool or in use, or being torn down.
 */
export type NetworkRecordKind = 'network' | 'sandbox';

export interface NetworkRecord {
  readonly kind: NetworkRecordKind;
  readonly id: string;
  /** A JSON document. */
  readonly json: string;
}

/** A store in memory, for tests. */
export class MemoryNetworkStore implements NetworkStore {
  readonly #records = new Map<string, NetworkRecord>();

  get(kind: NetworkRecordKind, id: string): NetworkRecord | undefined {
    return this.#records.get(`${kind}/${id}`);
  }

  put(record: NetworkRecord): void {
    this.#records.set(`${record.kind}/${record.id}`, record);
  }

  delete(kind: NetworkRecordKind, id: string): void {
    this.#records.delete(`${kind}/${id}`);
  }

  list(kind: NetworkRecordKind): NetworkRecord[] {
    return [...this.#records.values()].filter((record) => record.kind === kind);
  }
}
