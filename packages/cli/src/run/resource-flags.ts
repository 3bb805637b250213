import { bool, bytes, duration, int, list, nanoCpus, optionalInt, parsedList, str, uint } from '../flags/types.ts';
import {
  checkDeviceCgroupRule,
  parseDevice,
  parseGpus,
  parseThrottleBytes,
  parseThrottleOperations,
  parseWeightDevice,
} from './devices.ts';
import { parseUlimit } from './limits.ts';

const LIMITS = { group: 'Resources' } as const;
const DEVICES = { group: 'Devices' } as const;
const HEALTH = { group: 'Health check' } as const;

/** The limits that `update` can change too. */
export const UPDATABLE_FLAGS = {
  'blkio-weight': uint('Weight of block IO, 10 to 1000; 0 leaves it', 65535, LIMITS),
  'cpu-burst': int('Unused CPU quota that may be saved for later, in microseconds', LIMITS),
  'cpu-period': int('Period of the CPU quota, in microseconds', LIMITS),
  'cpu-quota': int('CPU time per period, in microseconds', LIMITS),
  'cpu-rt-period': int('Period of real-time CPU, in microseconds', LIMITS),
  'cpu-rt-runtime': int('Real-time CPU time per period, in microseconds', LIMITS),
  'cpu-shares': int('CPU weight against others when CPU is short', { ...LIMITS, short: 'c' }),
  cpus: nanoCpus('Number of CPUs it may use, such as 1.5', LIMITS),
  'cpuset-cpus': str('CPUs it may run on: 0-3 or 0,1; auto: as many as --cpus, as rich containers have; all', LIMITS),
  'cpuset-mems': str('Memory nodes it may use: 0-3 or 0,1', LIMITS),
  'disk-quota': list(
    'Disk space: 10g, /data=10g, /a&/b=10g (shared), .*=10g (each); a second number limits inodes: 10g:100000',
    LIMITS,
  ),
  'kernel-memory': bytes('Kernel memory', { hidden: true }),
  memory: bytes('Memory it may use, such as 512m', { ...LIMITS, short: 'm' }),
  'memory-force-empty-ctl': int('1: give the page cache back when it ends', LIMITS),
  'memory-high': bytes('Memory beyond which it is slowed and reclaimed from (cgroup v2)', LIMITS),
  'memory-low': bytes('Memory that is reclaimed last (cgroup v2)', LIMITS),
  'memory-min': bytes('Memory that is never reclaimed (cgroup v2)', LIMITS),
  'memory-reservation': bytes('Memory it is pressed towards when memory is short', LIMITS),
  'memory-swap': bytes('Memory and swap together; -1 is unlimited swap', { ...LIMITS, allowMinusOne: true }),
  'memory-wmark-ratio': int('--memory-high as a percentage of --memory', LIMITS),
  'numa-nodes': str('The CPUs and memory of these nodes: 0-1', LIMITS),
  'net-egress': str('Traffic out of each interface: RATE[:BURST], such as 20mbit or 2mbps:64k', LIMITS),
  'net-ingress': str('Traffic into each interface: RATE[:BURST]', LIMITS),
  'net-priority': int("Class on this machine's uplink, 1 (served first) to 7; 0 is none, which is 4", LIMITS),
  'pids-limit': optionalInt('Number of processes; -1 is unlimited', LIMITS),
};

export const RESOURCE_FLAGS = {
  ...UPDATABLE_FLAGS,
  'blkio-weight-device': parsedList('list', 'Weight of block IO on a device: PATH:WEIGHT', parseWeightDevice, LIMITS),
  'device-read-bps': parsedList('list', 'Bytes per second read from a device: PATH:RATE', parseThrottleBytes, LIMITS),
  'device-read-iops': parsedList('list', 'Reads per second from a device: PATH:RATE', parseThrottleOperations, LIMITS),
  'device-write-bps': parsedList('list', 'Bytes per second written to a device: PATH:RATE', parseThrottleBytes, LIMITS),
  'device-write-iops': parsedList('list', 'Writes per second to a device: PATH:RATE', parseThrottleOperations, LIMITS),
  'memory-swappiness': int('Inclination to swap, 0 to 100', { ...LIMITS, default: -1 }),
  'oom-kill-disable': bool('Do not kill it when memory is out', LIMITS),
  'oom-score-adj': int('How gladly it is killed when memory is out, -1000 to 1000', LIMITS),
  'shm-size': bytes('Size of /dev/shm', LIMITS),
  ulimit: parsedList('ulimit', 'Limit of a process: NAME=SOFT[:HARD]', parseUlimit, LIMITS),

  device: parsedList('list', 'Device of this machine to have inside: PATH[:PATH[:rwm]]', parseDevice, DEVICES),
  'device-cgroup-rule': list("Devices it may use: 'c 1:3 rwm'", { ...DEVICES, check: checkDeviceCgroupRule }),
  gpus: parsedList('gpu-request', "GPUs: all, a number, or 'device=0,1'", parseGpus, DEVICES),
};

export const HEALTH_FLAGS = {
  'health-cmd': str('Command that says whether it is healthy', HEALTH),
  'health-interval': duration('Time between two checks', HEALTH),
  'health-retries': int('Failures in a row that make it unhealthy', HEALTH),
  'health-start-interval': duration('Time between checks while it starts', HEALTH),
  'health-start-period': duration('Time at the start in which failures do not count', HEALTH),
  'health-timeout': duration('Time after which a check has failed', HEALTH),
  'no-healthcheck': bool("Ignore the image's health check", HEALTH),
};
