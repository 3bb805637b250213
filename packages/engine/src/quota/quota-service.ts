import type { QuotaLimits } from '@pouch/linux';

/** A set of directories that together hold no more than it may. */
export interface QuotaSet {
  readonly id: number;
  readonly bytes: number;
  readonly inodes?: number | undefined;
  /** Its members, by name: where each is mounted. */
  readonly members: Readonly<Record<string, string>>;
}

export interface QuotaSetUsage {
  readonly bytes: number;
  readonly inodes?: number | undefined;
}

/** Limits on disk space for containers and volumes. Throws `unsupported` with the reason where this host has no driver. */
export interface QuotaService {
  /** Why there can be no limits here; undefined: there can. */
  readonly missing: string | undefined;
  /** A capability whose holder writes past the limits; undefined: none does. */
  readonly bypass: string | undefined;
  /** A new set, or the one of that number, which must have the same limits (`conflict`). */
  reserve(limits: QuotaLimits, id?: number): QuotaSet;
  /** Give back a set that nobody has joined. */
  discard(id: number): Promise<void>;
  /** Write down that `member` belongs to the set and that its directory is to be seen at `target`. */
  enlist(id: number, member: string, target: string): void;
  /**
   * Mount the member's directory on its target, unless it is. `furnish` fills a directory that was just made, before it is
   * mounted.
   */
  place(id: number, member: string, furnish?: (directory: string) => Promise<void>): Promise<void>;
  /** Unmount it from its target; the content stays. */
  displace(id: number, member: string): Promise<void>;
  /** The member goes with its content, and the set with its last member. One that is gone is no error. */
  leave(id: number, member: string): Promise<void>;
  /** The host directory of a member's content, whether it is mounted on its target or not. */
  directory(id: number, member: string): Promise<string>;
  resize(id: number, limits: QuotaLimits): Promise<void>;
  /**
   * Do something that needs a little room in a place that may be full: mounting an overlay makes a directory, and where that fails
   * the kernel mounts it read-only.
   */
  withRoom<T>(id: number, work: () => Promise<T>): Promise<T>;
  find(id: number): QuotaSet | undefined;
  usage(id: number): Promise<QuotaSetUsage | undefined>;
}
