import { PouchError } from '@pouch/base';
import type { Database } from './database.ts';

export interface StoredRecord<T> {
  readonly id: string;
  readonly name?: string | undefined;
  readonly value: T;
}

/** What a write survives when it returned; `soon`: the daemon's death, and the loss of power once `Database.flushed` resolves. */
export type Durability = 'crash' | 'soon' | 'power-loss';

/** The records of one kind (container, network, volume, …): JSON values under an id and, where given, a unique name. */
export class RecordTable<T> {
  readonly #db: Database;
  readonly #kind: string;

  constructor(db: Database, kind: string) {
    this.#db = db;
    this.#kind = kind;
  }

  /** Insert or replace. Throws `already-exists` when another id of this kind has the name. */
  put(id: string, value: T, name?: string, durability: Durability = 'power-loss'): void {
    const sql = `INSERT INTO records (kind, id, name, json) VALUES (?, ?, ?, ?)
      ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, json = excluded.json`;
    try {
      this.#write(durability, () => this.#db.prepare(sql).run(this.#kind, id, name ?? null, JSON.stringify(value)));
    } catch (error) {
      if (error instanceof Error && error.message.includes('UNIQUE constraint')) {
        throw new PouchError('already-exists', `${this.#kind} name '${name}' is already in use`, { cause: error });
      }
      throw error;
    }
  }

  #write<R>(durability: Durability, work: () => R): R {
    switch (durability) {
      case 'crash':
        return this.#db.relaxed(work);
      case 'soon':
        return this.#db.soon(work);
      case 'power-loss':
        return work();
    }
  }

  get(id: string): T | undefined {
    const row = this.#db.prepare('SELECT json FROM records WHERE kind = ? AND id = ?').get(this.#kind, id);
    return row ? (JSON.parse(row.json as string) as T) : undefined;
  }

  delete(id: string, durability: Durability = 'power-loss'): boolean {
    const sql = 'DELETE FROM records WHERE kind = ? AND id = ?';
    return this.#write(durability, () => this.#db.prepare(sql).run(this.#kind, id)).changes > 0;
  }

  all(): StoredRecord<T>[] {
    const rows = this.#db.prepare('SELECT id, name, json FROM records WHERE kind = ? ORDER BY id').all(this.#kind);
    return rows.map((row) => ({
      id: row.id as string,
      name: (row.name as string | null) ?? undefined,
      value: JSON.parse(row.json as string) as T,
    }));
  }
}
