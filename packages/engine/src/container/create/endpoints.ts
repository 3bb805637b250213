import { isIP } from 'node:net';
import type { ContainerConfig, EndpointSettings, HostConfig, NetworkingConfig } from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import { UNSUPPORTED_OPTIONS } from '../../network/endpoint-options.ts';
import { containerOfMode, isUserNetwork } from '../spec/namespace-mode.ts';
import type { PrepareContext } from './context.ts';
import { invalid } from './invalid.ts';
import { validateMac } from './validate-config.ts';

/**
 * The networks a container is to join, by network name: the one of its network mode and every other that the request
 * names. Throws invalid-argument for settings that a network cannot take.
 */
export async function resolveEndpoints(
  config: ContainerConfig,
  hostConfig: HostConfig,
  networking: NetworkingConfig | undefined,
  context: PrepareContext,
): Promise<Record<string, EndpointSettings>> {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  const asked = networking?.EndpointsConfig ?? {};
  if (containerOfMode(mode) !== undefined || mode === 'host' || mode === 'none') {
    const other = Object.keys(asked).find((name) => name !== mode);
    if (other !== undefined) {
      throw invalid(`conflicting options: cannot attach both to network mode ${mode} and to network ${other}`);
    }
    return containerOfMode(mode) === undefined ? { [mode]: structuredClone(asked[mode] ?? {}) } : {};
  }
  const endpoints: Record<string, EndpointSettings> = {};
  for (const name of new Set([mode, ...Object.keys(asked)])) {
    const network = await findNetwork(name === 'default' ? 'bridge' : name, context);
    if (network.driver === 'host' || network.driver === 'null' || network.driver === 'none') {
      throw invalid(`conflicting options: cannot attach both to user-defined networks and to network ${network.name}`);
    }
    const settings = structuredClone(asked[name] ?? {});
    validateEndpoint(network.name, settings);
    endpoints[network.name] = { ...endpoints[network.name], ...settings };
  }
  applyMac(config, mode, endpoints);
  return endpoints;
}

/** As in Docker a network may be made after the container: that it is there is seen at the start. */
async function findNetwork(name: string, context: PrepareContext): Promise<{ name: string; driver: string }> {
  try {
    const found = await context.findNetwork(name);
    if (found) return found;
  } catch (error) {
    if (!isErrorCode(error, 'not-found')) throw error;
  }
  return { name, driver: 'unknown' };
}

function validateEndpoint(network: string, settings: EndpointSettings): void {
  const { IPv4Address: v4 = '', IPv6Address: v6 = '', LinkLocalIPs: local = [] } = settings.IPAMConfig ?? {};
  if (v4 !== '' && isIP(v4) !== 4) throw invalid(`invalid IPv4 address: ${v4}`);
  if (v6 !== '' && isIP(v6) !== 6) throw invalid(`invalid IPv6 address: ${v6}`);
  for (const address of local) if (isIP(address) === 0) throw invalid(`invalid link-local IP address: ${address}`);
  if (local.length > 0) {
    throw new PouchError('unsupported', `link-local addresses of endpoints are not supported: ${local.join(', ')}`);
  }
  const option = Object.keys(settings.DriverOpts ?? {}).find((name) => UNSUPPORTED_OPTIONS.has(name));
  if (option !== undefined) {
    throw new PouchError('unsupported', `the endpoint option ${option} is not supported: set it inside the container`);
  }
  if (settings.MacAddress) validateMac(settings.MacAddress);
  const user = isUserNetwork(network);
  if (!user && (v4 !== '' || v6 !== '')) {
    throw invalid(
      `invalid config for network ${network}: invalid endpoint settings:\nuser-specified IP address is supported on user-defined networks only`,
    );
  }
  if (!user && settings.Aliases?.length) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
  for (const alias of settings.Aliases ?? []) {
    if (alias === '' || /[\s\0]/.test(alias) || alias.length > 255) throw invalid(`invalid network alias: '${alias}'`);
  }
}

/** Config.MacAddress is how clients before API 1.44 name the address of the endpoint of the network mode. */
function applyMac(config: ContainerConfig, mode: string, endpoints: Record<string, EndpointSettings>): void {
  if (!config.MacAddress) return;
  const first = endpoints[mode] ?? Object.values(endpoints)[0];
  if (!first) return;
  if (first.MacAddress && first.MacAddress.toLowerCase() !== config.MacAddress.toLowerCase()) {
    throw invalid('the container-wide MAC address must match the endpoint-specific MAC address for the main network');
  }
  first.MacAddress = config.MacAddress;
}
