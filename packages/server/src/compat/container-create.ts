import type { ContainerCreateRequest, EndpointSettings } from '@pouch/api';

/** Since this version a MAC address belongs to a network endpoint. */
const ENDPOINT_MAC = 44;
const ANNOTATIONS = 43;
const NO_KERNEL_MEMORY = 42;

/** A create request of an older client, in the newest version's terms. */
export function adaptCreateRequest(request: ContainerCreateRequest, version: number): ContainerCreateRequest {
  const { HostConfig: hostConfig, Healthcheck: healthcheck } = request;
  let adapted = request;
  if (hostConfig) {
    const { KernelMemory, Annotations, ...rest } = hostConfig;
    adapted = {
      ...adapted,
      HostConfig: {
        ...rest,
        ...(KernelMemory !== undefined && version < NO_KERNEL_MEMORY && { KernelMemory }),
        ...(Annotations !== undefined && version >= ANNOTATIONS && { Annotations }),
      },
    };
  }
  if (healthcheck && version < ENDPOINT_MAC) {
    const { StartInterval: _, ...rest } = healthcheck;
    adapted = { ...adapted, Healthcheck: rest };
  }
  return moveMacAddress(adapted);
}

/** `Config.MacAddress`, the old place, to the endpoint of the network that the container starts in. */
function moveMacAddress(request: ContainerCreateRequest): ContainerCreateRequest {
  const { MacAddress, ...rest } = request;
  const mode = request.HostConfig?.NetworkMode ?? '';
  if (!MacAddress || mode === 'host' || mode === 'none' || mode.startsWith('container:')) return request;
  const endpoints = request.NetworkingConfig?.EndpointsConfig ?? {};
  const network = mainNetwork(mode, endpoints);
  const endpoint = endpoints[network] ?? {};
  if (endpoint.MacAddress) return rest;
  return {
    ...rest,
    NetworkingConfig: {
      ...request.NetworkingConfig,
      EndpointsConfig: { ...endpoints, [network]: { ...endpoint, MacAddress } },
    },
  };
}

function mainNetwork(mode: string, endpoints: Readonly<Record<string, EndpointSettings>>): string {
  if (mode !== '' && mode !== 'default') return mode;
  return ['default', 'bridge'].find((name) => name in endpoints) ?? 'bridge';
}
