import type { Database } from '../store/database.ts';
import { RecordTable } from '../store/record-table.ts';
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
    this.#tables[record.kind].put(record.id, JSON.parse(record.json));
  }

  delete(kind: NetworkRecordKind, id: string): void {
    this.#tables[kind].delete(id);
  }

  list(kind: NetworkRecordKind): NetworkRecord[] {
    return this.#tables[kind].all().map(({ id, value }) => ({ kind, id, json: JSON.stringify(value) }));
  }
}
