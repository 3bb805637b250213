import type { HostConfig } from '@pouch/api';
import type { HostFacts } from '../spec/host-facts.ts';
import { invalid } from './invalid.ts';

const THROTTLES = [
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
] as const satisfies readonly (keyof HostConfig)[];

/** Check block I/O limits; takes out, with warnings, what this host cannot do. That devices exist is seen at start. */
export function validateBlkio(config: HostConfig, host: HostFacts): string[] {
  const warnings: string[] = [];
  if (!host.limits.blkioWeight && (config.BlkioWeight || config.BlkioWeightDevice?.length)) {
    delete config.BlkioWeight;
    delete config.BlkioWeightDevice;
    warnings.push('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.');
  }
  const weight = config.BlkioWeight ?? 0;
  if (weight !== 0 && (weight < 10 || weight > 1000)) throw invalid('Range of blkio weight is from 10 to 1000');
  for (const { Path: path = '', Weight: each = 0 } of config.BlkioWeightDevice ?? []) {
    checkDevicePath(path);
    if (each < 10 || each > 1000) throw invalid(`Range of blkio weight is from 10 to 1000: ${path}:${each}`);
  }
  for (const key of THROTTLES) {
    for (const { Path: path = '', Rate: rate = 0 } of config[key] ?? []) {
      checkDevicePath(path);
      if (rate <= 0) throw invalid(`invalid rate for device ${path}: it must be a positive number`);
    }
    if (config[key]?.length && !host.limits.blkioThrottle) {
      delete config[key];
      warnings.push(`This host does not support limits on block I/O. ${key} discarded.`);
    }
  }
  return warnings;
}

function checkDevicePath(path: string): void {
  if (!path.startsWith('/dev/') || path.includes('\0')) throw invalid(`bad format for device path: ${path}`);
}
