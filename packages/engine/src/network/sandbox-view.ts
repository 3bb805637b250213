import { join } from 'node:path';
import type { EndpointSettingsInspect } from '@pouch/api';
import { shortId } from '@pouch/base';
import type { NetnsDirectory } from '@pouch/linux';
import type { NamedSandbox } from './dns/name-table.ts';
import { gatewayOf, type Network, prefixOf, resolvesNames } from './network.ts';
import type { NetworkRegistry } from './network-registry.ts';
import { portMapOf } from './port-map.ts';
import type { Sandbox } from './sandbox.ts';
import type { EndpointRecord, SandboxOwner, SandboxRecord } from './sandbox-record.ts';

/** The endpoint that gives the default route: the highest priority, then the first name, of those that lead outside. */
export function gatewayEndpoint(record: SandboxRecord, networks: NetworkRegistry): EndpointRecord | undefined {
  const leading = record.endpoints.filter((endpoint) => {
    const network = networks.get(endpoint.networkId);
    return network !== undefined && !network.internal && (network.driver === 'bridge' || network.driver === 'macvlan');
  });
  return leading.toSorted(
    (a, b) =>
      b.gwPriority - a.gwPriority || (a.networkName < b.networkName ? -1 : a.networkName > b.networkName ? 1 : 0),
  )[0];
}

/** Names by which others on a network find a container. */
export function dnsNames(network: Network, owner: SandboxOwner, aliases: readonly string[] | null): string[] | null {
  if (network.predefined === true) return null;
  return [...new Set([owner.name, ...(aliases ?? []), shortId(owner.containerId), owner.hostname])].filter(Boolean);
}

/** A live sandbox as its users see it. */
export function describeSandbox(
  record: SandboxRecord,
  owner: SandboxOwner,
  networks: NetworkRegistry,
  netns: NetnsDirectory,
): Sandbox {
  const described: Record<string, EndpointSettingsInspect> = {};
  for (const endpoint of record.endpoints) {
    const network = networks.get(endpoint.networkId);
    if (network) described[network.name] = describeEndpoint(endpoint, network, owner);
  }
  return {
    id: record.id,
    containerId: owner.containerId,
    netnsPath: record.netns === undefined ? undefined : netns.path(record.netns),
    networks: described,
    ports: portMapOf(record.ports, owner.exposedPorts),
    ...filePaths(owner.directory),
  };
}

export function filePaths(directory: string): Pick<Sandbox, 'hostnamePath' | 'hostsPath' | 'resolvConfPath'> {
  return {
    hostnamePath: join(directory, 'hostname'),
    hostsPath: join(directory, 'hosts'),
    resolvConfPath: join(directory, 'resolv.conf'),
  };
}

/** A live sandbox as the name server sees it. */
export function nameSandbox(record: SandboxRecord, owner: SandboxOwner, networks: NetworkRegistry): NamedSandbox {
  return {
    sandboxId: record.id,
    dns: owner.dns,
    endpoints: record.endpoints.flatMap((endpoint) => {
      const network = networks.get(endpoint.networkId);
      if (!network) return [];
      return [
        {
          networkId: network.id,
          networkName: network.name,
          ipv4: endpoint.ipv4,
          ipv6: endpoint.ipv6,
          names: dnsNames(network, owner, endpoint.aliases) ?? [],
          links: new Map((endpoint.links ?? []).map(parseLink)),
          resolves: resolvesNames(network),
          external: !network.internal,
        },
      ];
    }),
  };
}

function describeEndpoint(endpoint: EndpointRecord, network: Network, owner: SandboxOwner): EndpointSettingsInspect {
  const { ipv4, ipv6 } = endpoint;
  return {
    IPAMConfig: endpoint.ipamConfig,
    Links: endpoint.links && [...endpoint.links],
    Aliases: endpoint.aliases && [...endpoint.aliases],
    DriverOpts: endpoint.driverOpts && { ...endpoint.driverOpts },
    GwPriority: endpoint.gwPriority,
    NetworkID: network.id,
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    Gateway: ipv4 === undefined || network.internal ? '' : (gatewayOf(network, 4) ?? ''),
    IPAddress: ipv4 ?? '',
    IPPrefixLen: ipv4 === undefined ? 0 : prefixOf(network, 4),
    IPv6Gateway: ipv6 === undefined || network.internal ? '' : (gatewayOf(network, 6) ?? ''),
    GlobalIPv6Address: ipv6 ?? '',
    GlobalIPv6PrefixLen: ipv6 === undefined ? 0 : prefixOf(network, 6),
    DNSNames: dnsNames(network, owner, endpoint.aliases),
  };
}

/** `container:alias` → [alias, container]; without an alias the container's name is its own. */
function parseLink(link: string): [string, string] {
  const [target = '', alias] = link.split(':');
  return [(alias ?? target).toLowerCase(), target];
}
