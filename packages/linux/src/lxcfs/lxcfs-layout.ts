import { join } from 'node:path';

/** One file that lxcfs answers for the container that reads it. */
export interface LxcfsFile {
  /** Where containers have it. */
  readonly destination: string;
  /** The same file in the tree of lxcfs. */
  readonly served: string;
  /** Mounted first in a container: the host's own file, which shows while lxcfs is away. */
  readonly beneath: string;
  /** Mounted over it: the file of lxcfs, or the host's while lxcfs is away. */
  readonly shown: string;
}

/** Of /proc: what lxcfs 5 can answer and OCI runtimes let mount there. */
const PROC_FILES = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'slabinfo', 'stat', 'swaps', 'uptime'] as const;

/** The host's directories that stand under the files, and where each is put below `shown` and `beneath`. */
export const LXCFS_ROOMS = [
  { name: 'proc', source: '/proc' },
  { name: 'cpu', source: '/sys/devices/system/cpu' },
] as const;

/** Everything of one lxcfs below one directory. */
export class LxcfsLayout {
  readonly directory: string;
  readonly files: readonly LxcfsFile[];

  constructor(directory: string) {
    this.directory = directory;
    const file = (destination: string, room: string, name: string): LxcfsFile => ({
      destination,
      served: join(this.mountPoint, destination),
      beneath: join(directory, 'beneath', room, name),
      shown: join(directory, 'shown', room, name),
    });
    this.files = [
      ...PROC_FILES.map((name) => file(`/proc/${name}`, 'proc', name)),
      file('/sys/devices/system/cpu/online', 'cpu', 'online'),
    ];
  }

  get mountPoint(): string {
    return join(this.directory, 'mnt');
  }

  /** Written by lxcfs, and locked by it. */
  get pidFile(): string {
    return join(this.directory, 'pid');
  }

  /** A FIFO that lxcfs and its guard hold open for writing: its reader sees the end when both have ended. */
  get alive(): string {
    return join(this.directory, 'alive');
  }

  room(side: 'shown' | 'beneath', name: string): string {
    return join(this.directory, side, name);
  }
}
