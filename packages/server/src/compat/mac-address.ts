import type { ContainerCreateRequest, EndpointSettings } from '@pouch/api';
import { PouchError } from '@pouch/base';

/** Since this version a MAC address belongs to a network endpoint, and saying it for the container brings a warning. */
const ENDPOINT_MAC = 44;

/**
 * `Config.MacAddress`, the place of old, to the endpoint of the network that the container starts in. Until API 1.43 endpoints
 * have none of their own; from 1.52 on the contract takes the old place away. Throws `invalid-argument`.
 */
export function moveMacAddress(
  request: ContainerCreateRequest,
  version: number,
): { readonly request: ContainerCreateRequest; readonly warnings: readonly string[] } {
  const { MacAddress, ...rest } = request;
  const old = version < ENDPOINT_MAC;
  const given = request.NetworkingConfig?.EndpointsConfig;
  const endpoints = old ? withoutMac(given ?? {}) : (given ?? {});
  const known = { ...rest, ...(given && { NetworkingConfig: { EndpointsConfig: endpoints } }) };
  if (!MacAddress) return { request: known, warnings: [] };
  const warnings = old
    ? []
    : ['The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.'];
  const mode = request.HostConfig?.NetworkMode ?? '';
  if (mode === 'host' || mode === 'none' || mode.startsWith('container:')) {
    if (old) throw invalid('conflicting options: mac-address and the network mode');
    return { request: known, warnings };
  }
  const network = mainNetwork(mode, endpoints, old);
  const own = endpoints[network]?.MacAddress;
  if (own && own.toLowerCase() !== MacAddress.toLowerCase()) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  const moved = { ...endpoints, [network]: { ...endpoints[network], MacAddress } };
  return { request: { ...known, NetworkingConfig: { EndpointsConfig: moved } }, warnings };
}

function mainNetwork(mode: string, endpoints: Readonly<Record<string, EndpointSettings>>, old: boolean): string {
  const names = Object.keys(endpoints);
  // There is one at most then, whatever it is called.
  if (old && names[0] !== undefined) return names[0];
  if (mode !== '' && mode !== 'default') return mode;
  return names.find((name) => name === 'default' || name === 'bridge') ?? 'bridge';
}

function withoutMac(endpoints: Readonly<Record<string, EndpointSettings>>): Record<string, EndpointSettings> {
  const entries = Object.entries(endpoints).map(([name, endpoint]) => {
    const { MacAddress: _, ...rest } = endpoint;
    return [name, rest] as const;
  });
  return Object.fromEntries(entries);
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
