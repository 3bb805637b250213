/** What a place may hold at most. */
export interface QuotaLimits {
  /** Bytes of content. */
  readonly bytes: number;
  /** Files, directories and links; absent: as many as the driver gives room for. */
  readonly inodes?: number | undefined;
}

/** What is in a place. */
export interface QuotaUsage {
  readonly bytes: number;
  /** Absent where the driver does not count them. */
  readonly inodes?: number | undefined;
}

/**
 * Keeps places, each a directory that holds no more than it may. Places have numbers, which the caller gives; their content is
 * durable, and what makes the limit hold is brought back by `open` after a reboot. Every call may be repeated after a crash.
 * Errors: `unsupported` for a limit that this way of doing it cannot set, `conflict` where it cannot be changed now.
 *
 * `quota-driver.testsuite.ts` is what every driver must pass.
 */
export interface QuotaDriver {
  readonly name: 'project' | 'btrfs' | 'loop';
  readonly limitsInodes: boolean;
  /** A capability whose holder the kernel lets write past the limits; undefined: they hold for everyone. */
  readonly bypass: 'CAP_SYS_RESOURCE' | undefined;
  /** Make the place, or bring it back; resolves with the directory. The limits are those of the last `open` or `resize`. */
  open(id: number, limits: QuotaLimits): Promise<string>;
  /**
   * Change what it may hold. Less than it holds already is a `conflict`, or stops it from growing. A driver may need the place
   * not to be mounted elsewhere: `unsupported` or `conflict` then.
   */
  resize(id: number, limits: QuotaLimits): Promise<void>;
  /** Undefined while the place is not open. */
  usage(id: number): Promise<QuotaUsage | undefined>;
  /** Give back what the host needs for it (mounts, loop devices); the content stays. `conflict` while it is in use. */
  close(id: number): Promise<void>;
  /** Content and all; a place that is not there is no error. */
  remove(id: number): Promise<void>;
  /** The numbers of all places, open or not. */
  list(): Promise<number[]>;
  /** Take away what a crash left that is no place. */
  sweep(): Promise<void>;
}
