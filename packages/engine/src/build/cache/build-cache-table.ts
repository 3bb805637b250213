import type { Database } from '../../store/database.ts';
import type { StepResult } from '../build-state.ts';

/** One step that was done. Times are milliseconds since the epoch. */
export interface CacheRecord {
  readonly key: string;
  /** Key of the step before; '' for the first one after FROM. */
  readonly parent: string;
  /** Id of the state that it led to. */
  readonly state: string;
  readonly description: string;
  /** Digest and size of the blob; '' and 0 for a step that made no layer. */
  readonly layer: string;
  readonly chain: string;
  readonly size: number;
  readonly created: number;
  readonly used: number;
  readonly uses: number;
  readonly result: StepResult;
}

type Row = Record<string, string | number>;

/** The steps that were done, by cache key. Losing the last ones with the power costs a build some time and nothing else. */
export class BuildCacheTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(key: string): CacheRecord | undefined {
    const row = this.#db.prepare('SELECT * FROM build_cache WHERE key = ?').get(key) as Row | undefined;
    return row && recordOf(row);
  }

  put(record: CacheRecord): void {
    const { key, parent, state, description, layer, chain, size, created, used, uses, result } = record;
    const sql = `INSERT OR REPLACE INTO build_cache
      (key, parent, state, description, layer, chain, size, created, used, uses, json)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const values = [key, parent, state, description, layer, chain, size, created, used, uses, JSON.stringify(result)];
    this.#db.relaxed(() => this.#db.prepare(sql).run(...values));
  }

  /** Note that a build used these. */
  touch(keys: Iterable<string>, at: number): void {
    this.#db.relaxed(() =>
      this.#db.transaction(() => {
        const statement = this.#db.prepare('UPDATE build_cache SET used = ?, uses = uses + 1 WHERE key = ?');
        for (const key of keys) statement.run(at, key);
      }),
    );
  }

  delete(keys: Iterable<string>): void {
    this.#db.transaction(() => {
      const statement = this.#db.prepare('DELETE FROM build_cache WHERE key = ?');
      for (const key of keys) statement.run(key);
    });
  }

  /** The least recently used first. */
  all(): CacheRecord[] {
    return (this.#db.prepare('SELECT * FROM build_cache ORDER BY used, created').all() as Row[]).map(recordOf);
  }

  /** Bytes. */
  size(): number {
    return Number((this.#db.prepare('SELECT total(size) AS size FROM build_cache').get() as Row).size);
  }

  count(): number {
    return Number((this.#db.prepare('SELECT count(*) AS count FROM build_cache').get() as Row).count);
  }
}

function recordOf(row: Row): CacheRecord {
  const { json, ...fields } = row;
  return { ...(fields as unknown as Omit<CacheRecord, 'result'>), result: JSON.parse(String(json)) as StepResult };
}
