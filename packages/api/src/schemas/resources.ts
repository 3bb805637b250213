import {
  bool,
  dict,
  filledUntil,
  int,
  list,
  notActedUpon,
  object,
  refused,
  type Static,
  str,
  uint,
  until,
} from '../schema/type.ts';

export const Ulimit = object('Ulimit', {}, { Name: str(), Soft: int('-1 is unlimited.'), Hard: int() });
export type Ulimit = Static<typeof Ulimit>;

export const ThrottleDevice = object(
  'ThrottleDevice',
  {},
  { Path: str(), Rate: uint('Bytes or operations per second.') },
);
export type ThrottleDevice = Static<typeof ThrottleDevice>;

export const WeightDevice = object('WeightDevice', {}, { Path: str(), Weight: uint() });
export type WeightDevice = Static<typeof WeightDevice>;

export const DeviceMapping = object(
  'DeviceMapping',
  {},
  { PathOnHost: str(), PathInContainer: str(), CgroupPermissions: str('Some of r, w and m.') },
);
export type DeviceMapping = Static<typeof DeviceMapping>;

export const DeviceRequest = object(
  'DeviceRequest',
  {},
  {
    Driver: str(),
    Count: int('-1 asks for all.'),
    DeviceIDs: list(str()),
    Capabilities: list(list(str()), 'Any one of the lists must be met whole.'),
    Options: dict(str()),
  },
);
export type DeviceRequest = Static<typeof DeviceRequest>;

export const RestartPolicy = object(
  'RestartPolicy',
  {},
  { Name: str("'', no, always, unless-stopped or on-failure."), MaximumRetryCount: int('0 has no bound.') },
);
export type RestartPolicy = Static<typeof RestartPolicy>;

const WINDOWS = 'As with Docker on Linux: it is about Windows.';

/** Limits that can also be changed while the container lives. */
export const Resources = object(
  'Resources',
  {},
  {
    CpuShares: int('Relative weight; 0 leaves the default of 1024.'),
    Memory: int('Bytes; 0 is unlimited.'),
    NanoCpus: int('Billionths of a CPU.'),
    CgroupParent: str(),
    BlkioWeight: uint('10 to 1000; 0 leaves it.'),
    BlkioWeightDevice: list(WeightDevice),
    BlkioDeviceReadBps: list(ThrottleDevice),
    BlkioDeviceWriteBps: list(ThrottleDevice),
    BlkioDeviceReadIOps: list(ThrottleDevice),
    BlkioDeviceWriteIOps: list(ThrottleDevice),
    CpuPeriod: int('Microseconds.'),
    CpuQuota: int('Microseconds of CPU time per period; -1 is unlimited.'),
    CpuRealtimePeriod: int('Microseconds.'),
    CpuRealtimeRuntime: int('Microseconds.'),
    CpusetCpus: str(
      '0-2,4; Pouch: auto is as many as the CPU quota needs, chosen by the daemon and shown as AssignedCpus; all is every CPU, also for a rich container, which has auto else where it has a CPU quota.',
    ),
    CpusetMems: str(),
    Devices: list(DeviceMapping),
    DeviceCgroupRules: list(str(), 'type major:minor permissions, such as c 13:* rwm.'),
    DeviceRequests: refused(
      'There is no driver for devices such as GPUs.',
      [{ Driver: 'nvidia', Count: -1 }],
      list(DeviceRequest),
    ),
    KernelMemory: until(
      '1.41',
      filledUntil('1.41', 0, refused('Linux has removed such limits.', 8388608, int('Bytes.'))),
    ),
    KernelMemoryTCP: until('1.51', filledUntil('1.41', 0, int('Bytes. cgroup v1 only.'))),
    MemoryReservation: int('Bytes.'),
    MemorySwap: int('Bytes of memory and swap together; -1 is unlimited, 0 is twice Memory.'),
    MemorySwappiness: int('0 to 100, or -1 for the default.'),
    OomKillDisable: bool(),
    PidsLimit: int('0 and -1 are unlimited.'),
    Ulimits: list(Ulimit),
    CpuCount: notActedUpon(WINDOWS, int('Windows only.')),
    CpuPercent: notActedUpon(WINDOWS, int('Windows only.')),
    IOMaximumIOps: notActedUpon(WINDOWS, uint('Windows only.')),
    IOMaximumBandwidth: notActedUpon(WINDOWS, uint('Windows only.')),
    MemoryHigh: int('Pouch: bytes beyond which it is slowed and reclaimed from; cgroup v2 only.'),
    MemoryLow: int('Pouch: bytes that are reclaimed last; cgroup v2 only.'),
    MemoryMin: int('Pouch: bytes that are never reclaimed; cgroup v2 only.'),
    MemoryWmarkRatio: int('Pouch: MemoryHigh as a percentage of Memory.'),
    MemoryForceEmptyCtl: int('Pouch: 1 gives the page cache back when it ends.'),
    CpuBurst: int('Pouch: microseconds of unused quota that may be saved for later.'),
    NumaNodes: str('Pouch: the CPUs and memory of these nodes, in place of CpusetCpus and CpusetMems: 0-1.'),
    NetIngress: str('Pouch: RATE[:BURST] of traffic into each interface, such as 20mbit or 2mbps:64k.'),
    NetEgress: str('Pouch: RATE[:BURST] of traffic out of each interface.'),
    NetPriority: int("Pouch: class on the host's uplink, 1 (served first) to 7; 0 is none, which is 4."),
    DiskQuota: dict(
      str('SIZE[:INODES]'),
      'Pouch: what / (the root file system) and volumes may hold, by their paths in the container; paths with & between share, .* is each.',
    ),
  },
);
export type Resources = Static<typeof Resources>;

/** The names of the resources that Go writes as `null` when they are not set. */
export const NULLABLE_RESOURCES = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'MemorySwappiness',
  'OomKillDisable',
  'PidsLimit',
  'Ulimits',
] as const satisfies readonly (keyof Resources)[];
