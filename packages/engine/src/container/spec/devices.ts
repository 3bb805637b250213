import { defaultDeviceRules, type LinuxDevice, type LinuxDeviceCgroup } from '@pouch/oci';
import type { ContainerRecord } from '../container-record.ts';
import { parseDeviceRule } from './device-rule.ts';
import { readAllDevices, readDevices } from './host-device.ts';

export interface DeviceAccess {
  /** Nodes to make, besides those that every runtime makes. */
  readonly devices: LinuxDevice[];
  /** The device cgroup, in order: the last rule that matches decides. */
  readonly rules: LinuxDeviceCgroup[];
}

/** `--device`, `--device-cgroup-rule` and `--privileged`, which gives every device of the host. */
export async function buildDevices({ hostConfig }: ContainerRecord): Promise<DeviceAccess> {
  const devices = new Map<string, LinuxDevice>();
  const rules = hostConfig.Privileged ? [{ allow: true, access: 'rwm' }] : defaultDeviceRules();
  if (hostConfig.Privileged) for (const device of await readAllDevices()) devices.set(device.path, device);
  for (const mapping of hostConfig.Devices ?? []) {
    const { PathOnHost: source = '', PathInContainer, CgroupPermissions: access } = mapping;
    for (const device of await readDevices(source, PathInContainer || source)) {
      devices.set(device.path, device);
      if (hostConfig.Privileged) continue;
      const { type, major = 0, minor = 0 } = device;
      rules.push({ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: access || 'rwm' });
    }
  }
  for (const rule of hostConfig.DeviceCgroupRules ?? []) rules.push(parseDeviceRule(rule));
  return { devices: [...devices.values()], rules };
}
