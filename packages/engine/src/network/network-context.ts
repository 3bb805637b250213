import { readFileSync } from 'node:fs';
import type { Logger } from '@pouch/base';
import { BatchCommander, IpCommander, NetnsDirectory } from '@pouch/linux';
import { AddressBook } from './address-book.ts';
import { Bandwidth } from './bandwidth.ts';
import { BridgeDriver } from './bridge-driver.ts';
import { DnsServer } from './dns/dns-server.ts';
import { NameTable } from './dns/name-table.ts';
import { ForeignFirewall } from './foreign-firewall.ts';
import { HOST_HAS_IPV6 } from './interface-commands.ts';
import { MacvlanDriver } from './macvlan-driver.ts';
import { gatewayOf, type NetworkDriverName } from './network.ts';
import { type NetworkDriver, PlainDriver } from './network-driver.ts';
import type { PublishNetworkEvent } from './network-events.ts';
import { NetworkRegistry } from './network-registry.ts';
import type { NetworkStore } from './network-store.ts';
import { PacketFilter } from './packet-filter.ts';
import { Priority } from './priority.ts';
import { PortAllocator } from './port-allocator.ts';
import { readHostResolvConf } from './resolv-conf.ts';
import { SandboxFactory } from './sandbox-factory.ts';
import { SandboxFiles } from './sandbox-files.ts';
import { SandboxRegistry } from './sandbox-registry.ts';
import { type AddressPoolOption, DEFAULT_ADDRESS_POOLS } from './subnet-allocator.ts';
import { Teardown } from './teardown.ts';

export const DEFAULT_DNS_PORT = 20053;
export const DNS_PORT_TRIES = 10;

export interface NetworkOptions {
  /** Where namespaces are bound, of this daemon alone: /run/pouch/netns. */
  readonly netnsDirectory: string;
  /** Name of our nft table. Default `pouch`. */
  readonly table?: string;
  /** The default network's Linux bridge. Default `pouch0`. */
  readonly defaultBridge?: string;
  /** Address and prefix of the default bridge: `172.30.0.1/16`. Else a free subnet is chosen. */
  readonly bip?: string;
  /** IPv6 on the default bridge, with this subnet or a chosen one. */
  readonly ipv6?: boolean;
  readonly fixedCidrV6?: string;
  /** Containers get addresses only from this part of the default subnet. */
  readonly fixedCidr?: string;
  readonly defaultAddressPools?: readonly AddressPoolOption[];
  /** Port on the gateways' addresses at which our DNS listens; when it is taken, one of the next nine. Default 20053. */
  readonly dnsPort?: number;
  /** MTU of the default bridge. Default 1500. */
  readonly mtu?: number;
  /** Prepared namespaces kept ready for each of the default bridge and `none`. Default 4; 0 prepares none. */
  readonly poolSize?: number;
  /** Host address for published ports that name none, on the default bridge. Default all. */
  readonly hostBindingIp?: string;
  /** What `host-gateway` stands for; default the gateways of the default bridge. */
  readonly hostGatewayIps?: readonly string[];
  /** Let containers on the default bridge talk to each other. Default true. */
  readonly icc?: boolean;
  /** Where classes of priority are; default: the device of the default route. */
  readonly uplink?: string;
  /** Its bits per second; default: what the device tells. */
  readonly uplinkRate?: number;
}

export interface NetworkDependencies {
  readonly store: NetworkStore;
  readonly log: Logger;
  readonly publish: PublishNetworkEvent;
}

/** The parts of the network room, made once and shared by those who act on them. */
export interface NetworkContext {
  readonly options: NetworkOptions;
  readonly log: Logger;
  readonly publish: PublishNetworkEvent;
  readonly networks: NetworkRegistry;
  readonly sandboxes: SandboxRegistry;
  readonly addresses: AddressBook;
  readonly ports: PortAllocator;
  readonly names: NameTable;
  readonly dns: DnsServer;
  readonly filter: PacketFilter;
  readonly firewall: ForeignFirewall;
  readonly ip: IpCommander;
  readonly tc: BatchCommander;
  readonly netns: NetnsDirectory;
  readonly drivers: ReadonlyMap<NetworkDriverName, NetworkDriver>;
  readonly teardown: Teardown;
  readonly factory: SandboxFactory;
  readonly files: SandboxFiles;
  readonly bandwidth: Bandwidth;
  readonly priority: Priority;
  readonly pools: readonly AddressPoolOption[];
  /** This host's identity, for IPv6 subnets. */
  readonly seed: string;
}

export function createNetworkContext(options: NetworkOptions, dependencies: NetworkDependencies): NetworkContext {
  const { store, log, publish } = dependencies;
  const table = options.table ?? 'pouch';
  const firstDnsPort = options.dnsPort ?? DEFAULT_DNS_PORT;
  const networks = new NetworkRegistry(store);
  const sandboxes = new SandboxRegistry(store);
  const addresses = new AddressBook();
  const names = new NameTable();
  const ip = new IpCommander();
  const tc = new BatchCommander('tc');
  const netns = new NetnsDirectory(options.netnsDirectory);
  const drivers = new Map<NetworkDriverName, NetworkDriver>([
    ['bridge', new BridgeDriver({ ip, log })],
    ['macvlan', new MacvlanDriver({ ip })],
    ['host', new PlainDriver('host')],
    ['null', new PlainDriver('null')],
  ]);
  const teardown = new Teardown({ drivers, netns, networks, sandboxes, addresses, log });
  const hostGateways = (): readonly string[] => options.hostGatewayIps ?? defaultGateways(networks);
  return {
    options,
    log,
    publish,
    networks,
    sandboxes,
    addresses,
    names,
    ip,
    tc,
    netns,
    drivers,
    teardown,
    ports: new PortAllocator({ ipv6: HOST_HAS_IPV6 }),
    dns: new DnsServer({ names, log, hostServers: readHostServers }),
    filter: new PacketFilter({ table }),
    firewall: new ForeignFirewall({ table, dnsPorts: `${firstDnsPort}:${firstDnsPort + DNS_PORT_TRIES - 1}` }, { log }),
    factory: new SandboxFactory({ ip, netns, addresses, sandboxes, teardown }),
    bandwidth: new Bandwidth({ ip, tc }),
    priority: new Priority({ table: `${table}_priority`, device: options.uplink, bits: options.uplinkRate }, { log }),
    files: new SandboxFiles({ networks, sandboxes, hostGateways }),
    pools: options.defaultAddressPools ?? DEFAULT_ADDRESS_POOLS,
    seed: machineId(),
  };
}

function defaultGateways(networks: NetworkRegistry): string[] {
  const network = networks.byName('bridge');
  if (!network) return [];
  return [gatewayOf(network, 4), gatewayOf(network, 6)].filter((address) => address !== undefined);
}

async function readHostServers(): Promise<{ address: string }[]> {
  return (await readHostResolvConf()).nameservers.map((address) => ({ address }));
}

function machineId(): string {
  for (const path of ['/etc/machine-id', '/proc/sys/kernel/random/boot_id']) {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      // The next one.
    }
  }
  return 'pouch';
}
