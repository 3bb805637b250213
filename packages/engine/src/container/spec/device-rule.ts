import { PouchError } from '@pouch/base';
import type { LinuxDeviceCgroup } from '@pouch/oci';

/** `c 13:* rwm`: a rule of the device cgroup. Throws invalid-argument. */
export function parseDeviceRule(text: string): LinuxDeviceCgroup {
  const match = /^([acb]) (\d{1,9}|\*):(\d{1,9}|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw new PouchError('invalid-argument', `invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access] = match;
  return {
    allow: true,
    type: type as 'a' | 'b' | 'c',
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access: access as string,
  };
}
