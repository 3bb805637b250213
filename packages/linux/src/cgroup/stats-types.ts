/** Counters of a control group, the same for v1 and v2. Times in nanoseconds, memory in bytes. */
export interface CgroupStats {
  readonly cpu: {
    readonly total: number;
    readonly user: number;
    readonly system: number;
    /** Per CPU; cgroup v1 only. */
    readonly perCpu: readonly number[] | undefined;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: number;
  };
  readonly memory: {
    readonly usage: number;
    /** The most it ever was; undefined where the kernel does not say. */
    readonly maxUsage: number | undefined;
    /** Undefined: no limit. */
    readonly limit: number | undefined;
    /** How often the limit was hit; v1 only. */
    readonly failcnt: number | undefined;
    /** memory.stat as it is. `inactive_file` (v2) and `total_inactive_file` (v1) are what `docker stats` deducts. */
    readonly stats: Readonly<Record<string, number>>;
    /** Usage without the page cache that can be given back at once. */
    readonly workingSet: number;
    readonly swapUsage: number | undefined;
    readonly swapLimit: number | undefined;
  };
  readonly pids: { readonly current: number | undefined; readonly limit: number | undefined };
  readonly blkio: BlkioCounters;
}

export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  /** `read`, `write`, `sync`, `async`, `discard`, `total` in v1; `read` and `write` in v2. */
  readonly op: string;
  readonly value: number;
}

export interface BlkioCounters {
  readonly serviceBytes: readonly BlkioEntry[];
  readonly serviced: readonly BlkioEntry[];
  readonly queued: readonly BlkioEntry[];
  readonly serviceTime: readonly BlkioEntry[];
  readonly waitTime: readonly BlkioEntry[];
  readonly merged: readonly BlkioEntry[];
  readonly time: readonly BlkioEntry[];
  readonly sectors: readonly BlkioEntry[];
}

export const NO_BLKIO: BlkioCounters = {
  serviceBytes: [],
  serviced: [],
  queued: [],
  serviceTime: [],
  waitTime: [],
  merged: [],
  time: [],
  sectors: [],
};
