/** What became of a flag that alibaba/pouch added to Docker's. */
export interface PouchFlag {
  readonly flag: string;
  /** Empty: it is refused. */
  readonly here: string;
  readonly how: string;
}

/** Flags of alibaba/pouch's `run` and `create` that Docker has not, or has under another name. */
export const POUCH_FLAGS: readonly PouchFlag[] = [
  {
    flag: '--disk-quota',
    here: '--disk-quota',
    how: 'Project quota, btrfs or file systems in files (ADR 24). Project quota of ext4 does not hold CAP_SYS_RESOURCE: a container with it is refused. `10g` is the root file system; `.*=10g` is each.',
  },
  { flag: '--quota-id', here: '--quota-id', how: 'The project id; containers of one id share the quota.' },
  {
    flag: '--enableLxcfs',
    here: '--lxcfs',
    how: 'On by default where lxcfs is installed; the old name is understood.',
  },
  { flag: '--cpu-share', here: '--cpu-shares', how: "Docker's name." },
  {
    flag: '--memory-wmark-ratio',
    here: '--memory-wmark-ratio',
    how: 'memory.high as a percentage of the limit; cgroup v2. On v1 it is refused: there is no such mark.',
  },
  {
    flag: '--memory-extra',
    here: '',
    how: "A second mark that only the kernel of AliOS had. `--memory-high`, `--memory-low` and `--memory-min` are Linux's (v2).",
  },
  {
    flag: '--memory-force-empty-ctl',
    here: '--memory-force-empty-ctl',
    how: 'v1: memory.force_empty, v2: memory.reclaim, when the container ends.',
  },
  {
    flag: '--sche-lat-switch',
    here: '',
    how: 'Counters that only the kernel of AliOS had. cgroup v2 has cpu.pressure.',
  },
  {
    flag: '--intel-rdt-l3-cbm',
    here: '--intel-rdt-l3-cbm',
    how: 'Where the CPU has it and resctrl is mounted, with a runtime that sets it (runc).',
  },
  { flag: '--net-priority', here: '--net-priority', how: "htb classes on the host's uplink." },
  { flag: '--nvidia-capabilities, --nvidia-visible-devs', here: '', how: 'There is no GPU support.' },
  {
    flag: '--specific-id',
    here: '',
    how: 'Ids are made by the daemon, so that no two are the same; names are free (`--name`).',
  },
];

/** Limits that neither Docker nor alibaba/pouch had. */
export const OWN_FLAGS: readonly { readonly flag: string; readonly how: string }[] = [
  { flag: '--net-ingress, --net-egress', how: "Token buckets on the host's end of each interface." },
  { flag: '--cpu-burst', how: 'cpu.cfs_burst_us (v1), cpu.max.burst (v2); Linux 5.14.' },
  {
    flag: '--cpuset-cpus auto',
    how: 'As many CPUs as the quota is worth, the least given away first, kept over restarts, as many as it needs after an update: nproc(1) and thread pools see them. Inspect shows them as AssignedCpus. Rich containers with a quota have it; `all` switches it off.',
  },
  { flag: '--numa-nodes', how: "The nodes' CPUs and memory as cpuset.cpus and cpuset.mems." },
  {
    flag: '--memory-high, --memory-low, --memory-min',
    how: 'Files of the same names; cgroup v2. On v1 they are refused: `--memory-reservation` is its soft limit.',
  },
];
