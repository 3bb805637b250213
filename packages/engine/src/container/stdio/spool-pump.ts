import { closeSync, type FSWatcher, openSync, readSync, rmSync, watch, writeSync } from 'node:fs';
import { Emitter, exec, type Logger, nowNanos, PouchError } from '@pouch/base';
import type { OutputChunk, StreamName } from '../container-service.ts';
import { splitLines } from './line-splitter.ts';
import type { FollowSource, LogDriver, LogEntry, LogPosition, LogReadOptions } from './log-driver.ts';
import { STREAMS, type Spool, SpoolFile } from './spool.ts';

const CHUNK = 256 * 1024;
/** One for all pumps: a turn is synchronous and keeps nothing of it. */
const BUFFER = Buffer.allocUnsafeSlow(CHUNK);
/** Bytes taken over after which their space on disk is given back. */
const PUNCH_EVERY = 32 * 1024 * 1024;
/** Bytes taken in one turn of the event loop, so that heavy output holds nobody up for more than some milliseconds. */
const TURN = 512 * 1024;

/** How far the spool was taken over, and where the log ended then. One line of JSON, rewritten in place. */
interface Cursor {
  readonly stdout: number;
  readonly stderr: number;
  readonly log: LogPosition;
}

const CURSOR_SIZE = 256;

/** A reader whose bytes must not be punched away yet. */
export interface SpoolHold {
  readonly offset: (stream: StreamName) => number;
}

/**
 * Takes a container's output over from its spool into its log while it runs. The cursor is written after the log, so a
 * daemon killed in between finds log lines behind the cursor, cuts them off and takes them over again: none lost, none
 * twice.
 */
export class SpoolPump implements FollowSource, Disposable {
  readonly #spool: Spool;
  readonly #driver: LogDriver;
  readonly #logger: Logger;
  readonly #ringBuffer: number | undefined;
  readonly #changed = new Emitter<void>();
  readonly #holds = new Set<SpoolHold>();
  readonly #files: Record<StreamName, SpoolFile>;
  readonly #punched: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  readonly #cursorFd: number;
  #watcher: FSWatcher | undefined;
  #changes = 0;
  #scheduled = false;
  #ended = false;
  #disposed = false;

  /** `fresh`: the spool was just reset for a new run; else the cursor of the run that goes on is taken up. */
  constructor(
    options: { spool: Spool; fresh: boolean; ringBuffer?: number | undefined },
    dependencies: { driver: LogDriver; logger: Logger },
  ) {
    this.#spool = options.spool;
    this.#ringBuffer = options.ringBuffer;
    this.#driver = dependencies.driver;
    this.#logger = dependencies.logger;
    this.#cursorFd = openSync(options.spool.cursorPath, 'a+', 0o600);
    closeSync(this.#cursorFd);
    this.#cursorFd = openSync(options.spool.cursorPath, 'r+');
    const cursor = options.fresh ? undefined : this.#readCursor();
    this.#driver.open(cursor?.log);
    this.#files = {
      stdout: new SpoolFile(options.spool.path('stdout'), cursor?.stdout ?? 0),
      stderr: new SpoolFile(options.spool.path('stderr'), cursor?.stderr ?? 0),
    };
    this.#writeCursor();
    this.#watcher = watch(options.spool.directory, () => this.#onChange());
    this.#watcher.on('error', (error) => this.#logger.warn('watching a spool failed', { error }));
    this.#schedule();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Told whenever there may be more to read, in the spool or in the log, and at the end. */
  subscribe(listener: () => void): Disposable {
    return this.#changed.subscribe(listener);
  }

  get changes(): number {
    return this.#changes;
  }

  async changed(signal: AbortSignal, seen = this.#changes): Promise<void> {
    if (signal.aborted || this.#ended || seen !== this.#changes) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ = this.#changed.subscribe(resolve);
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal.removeEventListener('abort', onAbort);
  }

  /** Keep the space of bytes from the reader's offsets on. */
  hold(hold: SpoolHold): void {
    this.#holds.add(hold);
  }

  release(hold: SpoolHold): void {
    this.#holds.delete(hold);
  }

  /** Where the log has got to: live readers that were given the log start here. */
  offset(stream: StreamName): number {
    return this.#files[stream].offset;
  }

  /** The log of this run and those before it. */
  readLog(options: LogReadOptions, signal: AbortSignal): AsyncIterable<OutputChunk> {
    if (!this.#driver.readable) {
      throw new PouchError('unsupported', 'configured logging driver does not support reading');
    }
    return this.#driver.read(options, this, signal);
  }

  /** The process and its shim's copying have ended: take over what is left, the unfinished last lines too. */
  async finish(): Promise<void> {
    while (!this.#disposed && !this.#ended) {
      if (this.#take(true) === 0) {
        rmSync(this.#spool.cursorPath, { force: true });
        this.#end();
      } else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #end(): void {
    this.#ended = true;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#tellChange();
  }

  #tellChange(): void {
    this.#changes += 1;
    this.#changed.emit();
  }

  #onChange(): void {
    this.#tellChange();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#disposed || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#disposed || this.#ended) return;
      try {
        if (this.#take(false) > 0) this.#schedule();
      } catch (error) {
        this.#logger.error('output could not be taken into the log', { error, spool: this.#spool.directory });
      }
    });
  }

  /** One turn: bytes taken over. 0 means that there is nothing more now. */
  #take(final: boolean): number {
    let taken = 0;
    const entries: LogEntry[] = [];
    for (const stream of STREAMS) taken += this.#takeStream(stream, final, entries);
    if (taken === 0) return 0;
    if (entries.length > 0) this.#driver.append(entries);
    this.#writeCursor();
    this.#tellChange();
    for (const stream of STREAMS) this.#punch(stream);
    return taken;
  }

  #takeStream(stream: StreamName, final: boolean, entries: LogEntry[]): number {
    const file = this.#files[stream];
    this.#dropBeyondRing(file);
    const start = file.offset;
    while (file.offset - start < TURN) {
      const at = file.offset;
      const count = file.read(BUFFER);
      if (count === 0) break;
      // Whether the stream ends here is only sure when this read met the end of the file.
      const { lines, consumed } = splitLines(BUFFER.subarray(0, count), final && count < CHUNK);
      file.offset = at + consumed;
      for (const line of lines)
        entries.push({ stream, data: Uint8Array.prototype.slice.call(line.data), time: nowNanos() });
      if (count < CHUNK || consumed === 0) break;
    }
    return file.offset - start;
  }

  #dropBeyondRing(file: SpoolFile): void {
    if (this.#ringBuffer === undefined) return;
    const excess = file.pending - this.#ringBuffer;
    if (excess > 0) file.offset += excess;
  }

  #punch(stream: StreamName): void {
    let upTo = this.#files[stream].offset;
    for (const hold of this.#holds) upTo = Math.min(upTo, hold.offset(stream));
    const from = this.#punched[stream];
    if (upTo - from < PUNCH_EVERY) return;
    this.#punched[stream] = upTo;
    const args = ['--punch-hole', '--offset', String(from), '--length', String(upTo - from), this.#spool.path(stream)];
    exec('fallocate', args).catch((error: unknown) => {
      this.#logger.debug('spool space could not be given back', { error });
    });
  }

  #readCursor(): Cursor | undefined {
    const buffer = Buffer.alloc(CURSOR_SIZE);
    const count = readSync(this.#cursorFd, buffer, 0, CURSOR_SIZE, 0);
    try {
      return JSON.parse(buffer.toString('utf8', 0, count)) as Cursor;
    } catch {
      return undefined;
    }
  }

  #writeCursor(): void {
    const cursor: Cursor = {
      stdout: this.#files.stdout.offset,
      stderr: this.#files.stderr.offset,
      log: this.#driver.position(),
    };
    writeSync(this.#cursorFd, JSON.stringify(cursor).padEnd(CURSOR_SIZE), 0);
  }

  /** Leaves spool and log as they are: the next daemon goes on from the cursor. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#ended) this.#end();
    for (const stream of STREAMS) this.#files[stream][Symbol.dispose]();
    this.#driver[Symbol.dispose]();
    closeSync(this.#cursorFd);
  }
}
