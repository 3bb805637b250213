import { OCI_RUNTIME_VERSION, type RuntimeSpec } from '@pouch/oci';
import { withAssignedCpus } from './assign-cpus.ts';
import { containerCapabilities } from './capabilities.ts';
import { buildDevices } from './devices.ts';
import { buildMounts } from './mounts.ts';
import { buildNamespaces } from './namespaces.ts';
import { buildProcess } from './process.ts';
import { rootfsPropagation } from './propagation.ts';
import { buildResources } from './resources.ts';
import { buildSeccomp } from './seccomp.ts';
import { parseSecurityOptions } from './security-options.ts';
import type { SpecInput } from './spec-input.ts';
import { buildSysctls } from './sysctls.ts';

/**
 * The OCI runtime configuration for one start of a container. Reads the host (devices, bind sources, the mount table) and
 * the container's user database; changes nothing but missing sources of `-v`, which are made.
 */
export async function buildSpec(input: SpecInput): Promise<RuntimeSpec> {
  const { record, host } = input;
  const { config, hostConfig } = record;
  const privileged = hostConfig.Privileged ?? false;
  const security = parseSecurityOptions(hostConfig.SecurityOpt);
  const [process, mounts, access, resources] = await Promise.all([
    buildProcess(input),
    buildMounts(input),
    buildDevices(record),
    buildResources(withAssignedCpus(record), host),
  ]);
  const propagation = await rootfsPropagation(mounts);
  const seccomp = buildSeccomp(security, privileged, containerCapabilities(hostConfig, host), host);
  const annotations = { ...hostConfig.Annotations, ...input.annotations };
  const isOpen = privileged || security.systemPathsUnconfined;
  return {
    ociVersion: OCI_RUNTIME_VERSION,
    process,
    root: { path: input.rootfsPath ?? 'rootfs', readonly: hostConfig.ReadonlyRootfs ?? false },
    ...(hostConfig.UTSMode !== 'host' && config.Hostname && { hostname: config.Hostname }),
    mounts,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    linux: {
      ...(hostConfig.IntelRdtL3Cbm && { intelRdt: { l3CacheSchema: hostConfig.IntelRdtL3Cbm } }),
      cgroupsPath: input.cgroupsPath,
      namespaces: buildNamespaces(input),
      sysctl: buildSysctls(record),
      resources: { devices: access.rules, ...resources },
      ...(access.devices.length > 0 && { devices: access.devices }),
      ...(seccomp && { seccomp }),
      ...(propagation && { rootfsPropagation: propagation }),
      maskedPaths: isOpen ? [] : [...(hostConfig.MaskedPaths ?? [])],
      readonlyPaths: isOpen ? [] : [...(hostConfig.ReadonlyPaths ?? [])],
    },
  };
}
