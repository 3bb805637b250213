import type { EndpointIPAMConfig, EndpointSettings } from '@pouch/api';
import { newId, PouchError } from '@pouch/base';
import type { AddressBook, Addresses } from './address-book.ts';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import { UNSUPPORTED_OPTIONS } from './endpoint-options.ts';
import { parseIp } from './ip-address.ts';
import { macFor, requireMac } from './mac-address.ts';
import { interfacePrefix, type Network, resolvesNames } from './network.ts';
import { hostInterfaceName } from './sandbox-factory.ts';
import type { EndpointRecord, SandboxRecord } from './sandbox-record.ts';

/** Whether a network's endpoints have an interface in the container. */
export function hasInterface(network: Network): boolean {
  return network.driver === 'bridge' || network.driver === 'macvlan';
}

/** Check what a user asks of an endpoint. Throws `invalid-argument` with Docker's words. */
export function checkEndpoint(network: Network, settings: EndpointSettings): void {
  const { IPv4Address, IPv6Address, LinkLocalIPs } = settings.IPAMConfig ?? {};
  if (IPv4Address || IPv6Address) {
    if (network.predefined === true) {
      throw new PouchError('invalid-argument', 'user-specified IP address is supported on user-defined networks only');
    }
    if (IPv4Address && parseIp(IPv4Address)?.family !== 4) {
      throw new PouchError('invalid-argument', `invalid IPv4 address: ${IPv4Address}`);
    }
    if (IPv6Address && parseIp(IPv6Address)?.family !== 6) {
      throw new PouchError('invalid-argument', `invalid IPv6 address: ${IPv6Address}`);
    }
  }
  if (LinkLocalIPs?.length) throw new PouchError('unsupported', 'Link-local addresses of endpoints are not supported.');
  const option = Object.keys(settings.DriverOpts ?? {}).find((name) => UNSUPPORTED_OPTIONS.has(name));
  if (option !== undefined) {
    throw new PouchError('unsupported', `the endpoint option ${option} is not supported: set it inside the container`);
  }
  if ((settings.Aliases?.length ?? 0) > 0 && !resolvesNames(network) && network.driver !== 'macvlan') {
    throw new PouchError('invalid-argument', 'network-scoped aliases are only supported for user-defined networks');
  }
  for (const alias of settings.Aliases ?? []) {
    if (/^[^\s\p{Cc}]{1,255}$/u.test(alias)) continue;
    throw new PouchError(
      'invalid-argument',
      `invalid alias ${JSON.stringify(alias.slice(0, 80))}: give a name of at most 255 characters without spaces`,
    );
  }
  if (settings.MacAddress) requireMac(settings.MacAddress);
}

/**
 * An endpoint of a sandbox on a network, with addresses taken. The interface gets the next free number. The caller
 * records it, then lets the driver make it.
 */
export function planEndpoint(
  network: Network,
  settings: EndpointSettings,
  sandbox: SandboxRecord,
  addresses: AddressBook,
): EndpointRecord {
  checkEndpoint(network, settings);
  const id = newId();
  const wished = {
    aliases: settings.Aliases ?? null,
    links: settings.Links ?? null,
    driverOpts: settings.DriverOpts ?? null,
    ipamConfig: settings.IPAMConfig ?? null,
    gwPriority: settings.GwPriority ?? 0,
  };
  const base = { id, networkId: network.id, networkName: network.name, ...wished };
  if (!hasInterface(network)) {
    return { ...base, interface: undefined, hostInterface: undefined, mac: '', ipv4: undefined, ipv6: undefined };
  }
  const taken: Addresses = addresses.allocate(network, plainIpam(settings.IPAMConfig));
  const ipv4 = taken.ipv4 === undefined ? undefined : parseIp(taken.ipv4);
  return {
    ...base,
    interface: freeInterface(interfacePrefix(network), sandbox),
    hostInterface: network.driver === 'bridge' ? hostInterfaceName(id) : undefined,
    mac: settings.MacAddress ? requireMac(settings.MacAddress) : macFor(ipv4),
    ...taken,
  };
}

function freeInterface(prefix: string, sandbox: SandboxRecord): string {
  const used = new Set(sandbox.endpoints.map((endpoint) => endpoint.interface));
  for (let number = 0; ; number += 1) if (!used.has(`${prefix}${number}`)) return `${prefix}${number}`;
}

function plainIpam(config: EndpointIPAMConfig | undefined): EndpointIPAMConfig {
  return {
    ...(config?.IPv4Address && { IPv4Address: config.IPv4Address }),
    ...(config?.IPv6Address && { IPv6Address: config.IPv6Address }),
  };
}

/** Marked before the device is made, so that it is found after a crash. */
export function mirrored(endpoint: EndpointRecord, limits: BandwidthLimits | undefined): EndpointRecord {
  return limits?.egress && endpoint.hostInterface !== undefined ? { ...endpoint, mirrored: true } : endpoint;
}

/** One of the pool's, with what its container asked for. */
export function withWishes(endpoint: EndpointRecord, settings: EndpointSettings): EndpointRecord {
  return {
    ...endpoint,
    aliases: settings.Aliases ?? null,
    links: settings.Links ?? null,
    driverOpts: settings.DriverOpts ?? null,
    ipamConfig: settings.IPAMConfig ?? null,
    gwPriority: settings.GwPriority ?? 0,
  };
}
