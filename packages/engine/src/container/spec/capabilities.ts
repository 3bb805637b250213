import type { HostConfig } from '@pouch/api';
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES, type LinuxCapabilities, parseCapability } from '@pouch/oci';
import type { HostFacts } from './host-facts.ts';

/**
 * What `--cap-add`, `--cap-drop` and `--privileged` come to, within what the daemon itself may hand on: a runtime refuses
 * to start a container with a capability that its own bounding set lacks. `more`: what a rich container's init needs.
 */
export function containerCapabilities(hostConfig: HostConfig, host: HostFacts, more: readonly string[] = []): string[] {
  const bounding = new Set(host.boundingCapabilities);
  return [...new Set([...wanted(hostConfig), ...more])].filter((name) => bounding.has(name));
}

function wanted({ Privileged, Capabilities, CapAdd, CapDrop }: HostConfig): readonly string[] {
  if (Privileged) return ALL_CAPABILITIES;
  if (Capabilities?.length) return Capabilities.map(parseCapability);
  const adds = CapAdd ?? [];
  const drops = CapDrop ?? [];
  const start = adds.some(isAll) ? ALL_CAPABILITIES : drops.some(isAll) ? [] : DEFAULT_CAPABILITIES;
  const added = adds.filter((name) => !isAll(name)).map(parseCapability);
  const dropped = new Set<string>(drops.filter((name) => !isAll(name)).map(parseCapability));
  const set = new Set<string>([...start, ...added]);
  return ALL_CAPABILITIES.filter((name) => set.has(name) && !dropped.has(name));
}

function isAll(name: string): boolean {
  return /^(CAP_)?ALL$/i.test(name);
}

/** As runtimes take them. Inheritable and ambient stay empty: a program run by another user gains nothing. */
export function toLinuxCapabilities(names: readonly string[]): LinuxCapabilities {
  return { bounding: [...names], effective: [...names], permitted: [...names], inheritable: [], ambient: [] };
}
