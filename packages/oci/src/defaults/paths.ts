import { readdirSync } from 'node:fs';

/** Hidden from containers: they show or steer the host rather than the container. */
const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  // Timing of interrupts gives away keystrokes and other tenants' work.
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  // Power meters are a side channel to what other processes compute.
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

export const DEFAULT_READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const CPU_DIRECTORY = '/sys/devices/system/cpu';
let cached: readonly string[] | undefined;

/** The masked paths of this host, with each CPU's thermal_throttle counters (another side channel) where it has them. */
export function defaultMaskedPaths(): readonly string[] {
  cached ??= [...MASKED_PATHS, ...thermalThrottlePaths(CPU_DIRECTORY)];
  return cached;
}

/** Every `cpuN/thermal_throttle` under a directory that looks like /sys/devices/system/cpu. */
export function thermalThrottlePaths(directory: string): string[] {
  return list(directory)
    .filter((name) => /^cpu\d+$/.test(name) && list(`${directory}/${name}`).includes('thermal_throttle'))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((name) => `${directory}/${name}/thermal_throttle`);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
