import { type Mount, OCI_RUNTIME_VERSION, type RuntimeSpec } from '@pouch/oci';
import { buildHooks } from '../create/validate-hooks.ts';
import type { ContainerRecord } from '../container-record.ts';
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
  const propagation = await rootfsPropagation(mounts, input.procViews);
  const seccomp = buildSeccomp(
    security,
    privileged,
    containerCapabilities(hostConfig, host, input.rich?.init?.capabilities),
    host,
  );
  const annotations = { ...hostConfig.Annotations, ...input.annotations };
  const hooks = buildHooks(hostConfig);
  const isOpen = privileged || security.systemPathsUnconfined;
  return {
    ociVersion: OCI_RUNTIME_VERSION,
    process,
    root: { path: input.rootfsPath ?? 'rootfs', readonly: hostConfig.ReadonlyRootfs ?? false },
    ...(hostConfig.UTSMode !== 'host' && config.Hostname && { hostname: config.Hostname }),
    mounts,
    ...(hooks && { hooks }),
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
      readonlyPaths: isOpen ? [] : [...(hostConfig.ReadonlyPaths ?? []), ...readonlyCgroupRoot(mounts, record)],
    },
  };
}

/**
 * With control groups v1, runtimes mount each controller read-only into a tmpfs, and leave that writable. Where the whole is
 * meant to be read-only, runc makes the tmpfs so as well. crun 1.8 must not be asked: it mounts the whole over itself before
 * it has made the controllers read-only, and a container could then lift its own limits in what is on top.
 */
function readonlyCgroupRoot(mounts: readonly Mount[], { runtime }: ContainerRecord): string[] {
  if (runtime !== 'runc') return [];
  return mounts
    .filter(({ type, options }) => type === 'cgroup' && options?.includes('ro'))
    .map(({ destination }) => destination);
}
