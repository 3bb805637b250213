import { PouchError } from '@pouch/base';
import { defaultSeccomp, type LinuxSeccomp, resolveSeccompProfile } from '@pouch/oci';
import type { HostFacts } from './host-facts.ts';
import type { SecurityOptions } from './security-options.ts';

/** The filter for a container with these capabilities; undefined for none. Throws unsupported, invalid-argument. */
export function buildSeccomp(
  options: SecurityOptions,
  privileged: boolean,
  capabilities: readonly string[],
  host: HostFacts,
): LinuxSeccomp | undefined {
  const { seccomp: profile } = options;
  if (profile === 'unconfined' || (privileged && profile === undefined)) return undefined;
  if (!host.seccomp) {
    if (profile === undefined) return undefined;
    throw new PouchError('unsupported', 'seccomp is not enabled in this kernel: a seccomp profile cannot be used.');
  }
  if (profile === undefined || profile === 'builtin') return defaultSeccomp({ capabilities });
  return resolveSeccompProfile(profile, { capabilities });
}
