import type { OutputChunk, StreamName } from '../container-service.ts';

/** One line of output, or a piece of a very long one (then `data` has no newline at its end). */
export interface LogEntry {
  readonly stream: StreamName;
  readonly data: Uint8Array;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

/** Where a log ended when a cursor was written: enough to cut off what a crash left behind it. */
export type LogPosition = Readonly<Record<string, number>>;

export interface LogReadOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly since?: bigint;
  readonly until?: bigint;
  readonly timestamps: boolean;
  readonly tail?: number;
  readonly details: boolean;
}

/**
 * Takes a container's output over from its spool. The pump calls `append` with entries in order, then stores
 * `position()` beside how far the spool was read; after a crash `open(position)` forgets whatever lies behind that
 * position, and the pump offers those entries again: so each line is in the log once.
 */
export interface LogDriver extends Disposable {
  readonly name: string;
  /** Open at a position that `position()` gave, or at the end where it is undefined. */
  open(position: LogPosition | undefined): void;
  append(entries: readonly LogEntry[]): void;
  position(): LogPosition;
  /** False where the driver cannot give back what it took: `docker logs` says so. */
  readonly readable: boolean;
  /** Entries from the past and, with `follow`, new ones until `ended` has been signalled and all were given. */
  read(options: LogReadOptions, follow: FollowSource, signal: AbortSignal): AsyncIterable<OutputChunk>;
}

/** Tells a following reader that there may be more, and whether more can come. */
export interface FollowSource {
  readonly ended: boolean;
  /** How many changes there have been. */
  readonly changes: number;
  /**
   * Resolves at the next change after the one with the number `seen`: at once when there has been one since. A reader takes the
   * number before it looks, for its look takes time.
   */
  changed(signal: AbortSignal, seen?: number): Promise<void>;
}
