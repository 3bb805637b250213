import type { EndpointSettings, HostConfig, NetworkingConfig, PortMap } from '@pouch/api';
import type { Project, Service } from '../project/project.ts';
import type { ServiceNetwork } from '../schema/service-parts.ts';

export interface NetworkingOptions {
  readonly containerName: string;
  /** Whether the container answers to the service's name and aliases. */
  readonly aliases: boolean;
  /** `container:alias` for each link. */
  readonly links: readonly string[];
  /** The container of a service, for network_mode service:NAME. */
  readonly containerOf: (service: string) => string;
}

/** The network a container starts in, and its endpoint in each. */
export function networkingOf(
  project: Project,
  service: Service,
  options: NetworkingOptions,
): { readonly mode: string; readonly config: NetworkingConfig } {
  if (service.network_mode !== undefined) {
    return { mode: namespaceOf(service.network_mode, options.containerOf), config: {} };
  }
  const order = Object.entries(service.networks).toSorted(([, a], [, b]) => (b?.priority ?? 0) - (a?.priority ?? 0));
  const endpoints: Record<string, EndpointSettings> = {};
  for (const [key, network] of order) {
    endpoints[project.networks.get(key)?.name ?? key] = endpoint(service, network, options);
  }
  return { mode: Object.keys(endpoints)[0] ?? 'none', config: { EndpointsConfig: endpoints } };
}

function endpoint(service: Service, network: ServiceNetwork | null, options: NetworkingOptions): EndpointSettings {
  const { ipv4_address: ipv4, ipv6_address: ipv6, link_local_ips: linkLocal } = network ?? {};
  const mac = network?.mac_address ?? service.mac_address;
  const driverOptions = {
    ...network?.driver_opts,
    ...(network?.interface_name && { 'com.docker.network.endpoint.ifname': network.interface_name }),
  };
  return {
    Aliases: [options.containerName, ...(options.aliases ? [service.name, ...(network?.aliases ?? [])] : [])],
    ...(options.links.length > 0 && { Links: [...options.links] }),
    ...((ipv4 || ipv6 || linkLocal) && {
      IPAMConfig: {
        ...(ipv4 && { IPv4Address: ipv4 }),
        ...(ipv6 && { IPv6Address: ipv6 }),
        ...(linkLocal && { LinkLocalIPs: [...linkLocal] }),
      },
    }),
    ...(mac && { MacAddress: mac }),
    ...(network?.gw_priority !== undefined && { GwPriority: network.gw_priority }),
    ...(Object.keys(driverOptions).length > 0 && { DriverOpts: driverOptions }),
  };
}

/** `service:NAME` as the namespace of that service's container; anything else as it is. */
export function namespaceOf(mode: string, containerOf: (service: string) => string): string {
  return mode.startsWith('service:') ? `container:${containerOf(mode.slice('service:'.length))}` : mode;
}

/** What is published, and every port that is known of. */
export function portsOf(service: Service): {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: PortMap;
} {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of service.expose ?? []) {
    const [numbers = '', protocol = 'tcp'] = port.split('/');
    const [from = 0, to = from] = numbers.split('-').map(Number);
    for (let number = from; number <= to; number += 1) exposed[`${number}/${protocol}`] = {};
  }
  for (const { target, protocol = 'tcp', host_ip: address = '', published = '' } of service.ports ?? []) {
    const key = `${target}/${protocol}`;
    exposed[key] = {};
    (bindings[key] ??= []).push({ HostIp: address, HostPort: published });
  }
  return { exposed, bindings };
}

/** `name:address`, one per address. */
export function extraHostsOf(hosts: Readonly<Record<string, readonly string[]>> | undefined): HostConfig['ExtraHosts'] {
  return Object.entries(hosts ?? {}).flatMap(([name, addresses]) => addresses.map((address) => `${name}:${address}`));
}
