import type { ContainerInspect, ContainerSummary } from '@pouch/api';

/** The version that brought, or took away, a field. */
const MANIFEST_DESCRIPTOR = 48;
const SUMMARY_ANNOTATIONS = 46;
const NO_SHORT_ID_ALIAS = 45;
const ENDPOINT_MAC = 44;
const DNS_NAMES = 44;
const NO_KERNEL_MEMORY = 42;

/** A container of the list as clients of an older version expect it. */
export function adaptContainerSummary(summary: ContainerSummary, version: number): ContainerSummary {
  const { ImageManifestDescriptor, HostConfig, ...rest } = summary;
  return {
    ...rest,
    HostConfig: version < SUMMARY_ANNOTATIONS ? { NetworkMode: HostConfig.NetworkMode } : HostConfig,
    ...(ImageManifestDescriptor && version >= MANIFEST_DESCRIPTOR && { ImageManifestDescriptor }),
  };
}

/** A container as clients of an older version expect it. */
export function adaptContainerInspect(container: ContainerInspect, version: number): ContainerInspect {
  const { ImageManifestDescriptor, ...rest } = container;
  return {
    ...rest,
    ...(ImageManifestDescriptor && version >= MANIFEST_DESCRIPTOR && { ImageManifestDescriptor }),
    Config: version < ENDPOINT_MAC ? withMacAddress(container) : container.Config,
    HostConfig:
      version < NO_KERNEL_MEMORY
        ? { KernelMemory: 0, KernelMemoryTCP: 0, ...container.HostConfig }
        : container.HostConfig,
    NetworkSettings: adaptNetworks(container, version),
  };
}

function withMacAddress({ Config, HostConfig, NetworkSettings }: ContainerInspect): ContainerInspect['Config'] {
  const mode = HostConfig.NetworkMode ?? '';
  const name = mode === '' || mode === 'default' ? 'bridge' : mode;
  return { ...Config, MacAddress: Config.MacAddress || NetworkSettings.Networks[name]?.MacAddress || '' };
}

function adaptNetworks(
  { Id, NetworkSettings }: ContainerInspect,
  version: number,
): ContainerInspect['NetworkSettings'] {
  if (version >= NO_SHORT_ID_ALIAS) return NetworkSettings;
  const shortId = Id.slice(0, 12);
  const networks = Object.entries(NetworkSettings.Networks).map(([name, { DNSNames, ...endpoint }]) => {
    const aliases = endpoint.Aliases ?? [];
    const Aliases =
      DNSNames?.includes(shortId) && !aliases.includes(shortId) ? [...aliases, shortId] : endpoint.Aliases;
    return [
      name,
      {
        ...endpoint,
        ...(Aliases !== undefined && { Aliases }),
        ...(DNSNames !== undefined && version >= DNS_NAMES && { DNSNames }),
      },
    ];
  });
  return { ...NetworkSettings, Networks: Object.fromEntries(networks) };
}
