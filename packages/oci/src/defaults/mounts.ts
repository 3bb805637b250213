import type { Mount } from '../runtime-spec.ts';
import type { LinuxDeviceCgroup } from '../runtime-spec-resources.ts';

export const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

export interface DefaultMountOptions {
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
  /** Leave /sys and the cgroups writable, as `--privileged` asks. */
  readonly writableSystem?: boolean;
}

/** The file systems that every container has, in mounting order. A new array at each call. */
export function defaultMounts({
  shmSize = DEFAULT_SHM_SIZE,
  writableSystem = false,
}: DefaultMountOptions = {}): Mount[] {
  const system = writableSystem ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmSize}`],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', system] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [system, 'nosuid', 'noexec', 'nodev'],
    },
  ];
}

/**
 * The device cgroup: everything refused, then what a container needs. Runtimes create the nodes of null, zero, full, random,
 * urandom, tty, console and ptmx by themselves (config-linux.md, "Default Devices"). mknod is harmless without access.
 */
export function defaultDeviceRules(): LinuxDeviceCgroup[] {
  const allow = (major: number, minor?: number): LinuxDeviceCgroup => ({
    allow: true,
    type: 'c',
    major,
    ...(minor !== undefined && { minor }),
    access: 'rwm',
  });
  return [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
    ...[3, 5, 7, 8, 9].map((minor) => allow(1, minor)),
    ...[0, 1, 2].map((minor) => allow(5, minor)),
    // Pseudo-terminals of the container's own devpts.
    allow(136),
  ];
}
