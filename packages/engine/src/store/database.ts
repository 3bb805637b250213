import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { PouchError } from '@pouch/base';
import { LogFlusher } from './log-flusher.ts';

/**
 * One schema for all metadata. Entry N brings version N to N+1; entries are never changed once released, only added.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE records (
     kind TEXT NOT NULL,
     id   TEXT NOT NULL,
     name TEXT,
     json TEXT NOT NULL,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX records_by_name ON records (kind, name) WHERE name IS NOT NULL;`,
  // The classic builder's cache. Times are milliseconds since the epoch; `layer` and `chain` are '' for steps without one.
  `CREATE TABLE build_cache (
     key         TEXT NOT NULL PRIMARY KEY,
     parent      TEXT NOT NULL,
     state       TEXT NOT NULL,
     description TEXT NOT NULL,
     layer       TEXT NOT NULL,
     chain       TEXT NOT NULL,
     size        INTEGER NOT NULL,
     created     INTEGER NOT NULL,
     used        INTEGER NOT NULL,
     uses        INTEGER NOT NULL,
     json        TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX build_cache_by_state ON build_cache (state);`,
];

/**
 * Durable metadata in SQLite (write-ahead log, synchronous=FULL): what `put` returned from survives kill -9 and power
 * loss. All calls are synchronous; one put takes about 0.2 ms on an idle disk, and a hundred times as long on a busy one:
 * what is written with every start of a container is therefore flushed by `soon`.
 */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #flusher: LogFlusher;

  /** Opens or creates the file at `path`; throws `data-loss` when it was written by a newer Pouch. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Containers' environments are in it: for root's eyes only. SQLite gives its other files the same mode.
    closeSync(openSync(path, 'a', 0o600));
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA cache_size=-2000',
    );
    this.#migrate(path);
    this.#flusher = new LogFlusher(`${path}-wal`);
  }

  #migrate(path: string): void {
    const row = this.#db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version > MIGRATIONS.length) {
      throw new PouchError(
        'data-loss',
        `${path} has schema version ${row.user_version}, newer than this Pouch knows (${MIGRATIONS.length}); run the newer version.`,
      );
    }
    for (let version = row.user_version; version < MIGRATIONS.length; version += 1) {
      this.transaction(() => {
        this.#db.exec(MIGRATIONS[version] as string);
        this.#db.exec(`PRAGMA user_version=${version + 1}`);
      });
    }
  }

  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * Writes inside survive kill -9 but not the loss of power: no wait for the disk. For what a boot leaves no trace of,
   * and for steps that are undone or done again after a crash.
   */
  relaxed<T>(work: () => T): T {
    this.#db.exec('PRAGMA synchronous=NORMAL');
    try {
      return work();
    } finally {
      this.#db.exec('PRAGMA synchronous=FULL');
    }
  }

  /**
   * Writes inside survive kill -9 at once, and the loss of power from when `flushed` resolves: the disk is waited for off
   * the event loop. Every commit is in the write-ahead log, whose beginning SQLite has synced before it is used again.
   */
  soon<T>(work: () => T): T {
    const result = this.relaxed(work);
    this.#flusher.appended();
    return result;
  }

  /** Resolves when what was written before the call survives the loss of power. Throws `data-loss`. */
  async flushed(): Promise<void> {
    await this.#flusher.flushed();
  }

  /** All writes inside happen, or none. Not for use around an await. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#flusher[Symbol.dispose]();
    this.#db.close();
  }
}
