import type { Database } from '../store/database.ts';
import { type Durability, RecordTable } from '../store/record-table.ts';
import type { NetworkRecord, NetworkRecordKind, NetworkStore } from './network-store.ts';

/** The network room's records in the daemon's database. */
export class TableNetworkStore implements NetworkStore {
  readonly #tables: Readonly<Record<NetworkRecordKind, RecordTable<unknown>>>;

  constructor(db: Database) {
    this.#tables = {
      network: new RecordTable(db, 'network'),
      sandbox: new RecordTable(db, 'sandbox'),
    };
  }

  get(kind: NetworkRecordKind, id: string): NetworkRecord | undefined {
    const value = this.#tables[kind].get(id);
    return value === undefined ? undefined : { kind, id, json: JSON.stringify(value) };
  }

  put(record: NetworkRecord): void {
    this.#tables[record.kind].put(record.id, JSON.parse(record.json), undefined, durability(record.kind));
  }

  delete(kind: NetworkRecordKind, id: string): void {
    this.#tables[kind].delete(id, durability(kind));
  }

  list(kind: NetworkRecordKind): NetworkRecord[] {
    return this.#tables[kind].all().map(({ id, value }) => ({ kind, id, json: JSON.stringify(value) }));
  }
}

/** A sandbox is in the kernel only: no boot leaves one. */
function durability(kind: NetworkRecordKind): Durability {
  return kind === 'sandbox' ? 'crash' : 'power-loss';
}
