import type { IPAMConfig, NetworkCreateRequest, NetworkInspect, NetworkSummary } from '@pouch/api';
import { formatTime, KeyedMutex, newId, nowNanos, PouchError } from '@pouch/base';
import type { FilteredBridge } from './filter-script.ts';
import { readHostRoutes } from './host-routes.ts';
import { formatCidr, formatIp, requireCidr, requireIp } from './ip-address.ts';
import {
  allowsIcc,
  BRIDGE_OPTION,
  describeNetwork,
  gatewayOf,
  masquerades,
  type Network,
  prefixOf,
} from './network.ts';
import { DEFAULT_DNS_PORT, DNS_PORT_TRIES, type NetworkContext } from './network-context.ts';
import { networkEvent } from './network-events.ts';
import { matchesList, matchesPrune } from './network-filters.ts';
import type { NetworkFilters } from './network-manager.ts';
import { planNetwork } from './plan-network.ts';
import { allocateSubnet } from './subnet-allocator.ts';

/** The networks themselves: made, shown, removed. */
export class NetworkCatalogue {
  readonly #context: NetworkContext;
  readonly #mutex = new KeyedMutex();
  /** Network id → port of its DNS. */
  readonly #dnsPorts = new Map<string, number>();

  constructor(context: NetworkContext) {
    this.#context = context;
  }

  async create(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
    return await this.#mutex.run('change', async () => {
      const { networks, pools, seed, publish } = this.#context;
      const planned = planNetwork(request, {
        networks: networks.all(),
        hostRoutes: await this.#hostRoutes(),
        pools,
        seed,
      });
      const network = await this.#driver(planned).prepare(planned);
      networks.put(network);
      try {
        await this.up(network);
        const bridge = this.describeBridge(network);
        if (bridge) await this.#context.filter.addBridge(bridge);
      } catch (error) {
        await this.#takeDown(network);
        throw error;
      }
      publish(networkEvent('create', network));
      if (network.bridge !== undefined) void this.#context.firewall.open([network.bridge]);
      return { Id: network.id, Warning: '' };
    });
  }

  /** The devices and the name server of a network; whatever is there already is kept. */
  async up(network: Network): Promise<void> {
    this.#context.addresses.addNetwork(network);
    await this.#driver(network).up(network);
    if (network.driver === 'bridge') await this.#listen(network);
  }

  list(filters: NetworkFilters = {}): NetworkSummary[] {
    const { networks, sandboxes } = this.#context;
    return networks
      .all()
      .filter((network) => matchesList(network, filters, sandboxes.membersOf(network.id).length > 0))
      .map(describeNetwork);
  }

  inspect(nameOrId: string): NetworkInspect {
    const { networks, sandboxes, addresses } = this.#context;
    const network = networks.require(nameOrId);
    const shown = sandboxes.membersOf(network.id).filter(({ record }) => !record.owner?.hidden);
    const members = shown.map(({ record, endpoint }) => [
      record.owner?.containerId ?? '',
      {
        Name: record.owner?.name ?? '',
        EndpointID: endpoint.id,
        MacAddress: endpoint.mac,
        IPv4Address: endpoint.ipv4 === undefined ? '' : `${endpoint.ipv4}/${prefixOf(network, 4)}`,
        IPv6Address: endpoint.ipv6 === undefined ? '' : `${endpoint.ipv6}/${prefixOf(network, 6)}`,
      },
    ]);
    const described = { ...describeNetwork(network), Containers: Object.fromEntries(members) };
    const subnets = addresses
      .usage(network.id)
      .map(({ subnet, used, free }) => [formatCidr(subnet), { IPsInUse: used, DynamicIPsAvailable: free }]);
    return { ...described, Status: { IPAM: { Subnets: Object.fromEntries(subnets) } } };
  }

  async remove(nameOrId: string): Promise<void> {
    await this.#mutex.run('change', async () => {
      const { networks, sandboxes, publish, teardown } = this.#context;
      const network = networks.require(nameOrId);
      if (network.predefined === true) {
        throw new PouchError('permission-denied', `${network.name} is a pre-defined network and cannot be removed`);
      }
      const members = sandboxes.membersOf(network.id);
      if (members.length > 0) {
        const who = members
          .map(({ record, endpoint }) => `name:"${record.owner?.name}" id:"${endpoint.id.slice(0, 12)}"`)
          .join(', ');
        throw new PouchError(
          'permission-denied',
          `error while removing network: network ${network.name} has active endpoints (${who})`,
        );
      }
      await teardown.settled();
      await this.#takeDown(network);
      publish(networkEvent('destroy', network));
    });
  }

  async prune(filters: NetworkFilters = {}): Promise<{ NetworksDeleted: string[] }> {
    const { networks, sandboxes } = this.#context;
    const unused = networks
      .all()
      // The filters are checked first, for there may be no network but those predefined.
      .filter((network) => matchesPrune(network, filters) && network.predefined !== true)
      .filter((network) => sandboxes.membersOf(network.id).length === 0);
    const deleted: string[] = [];
    for (const network of unused) {
      try {
        await this.remove(network.id);
        deleted.push(network.name);
      } catch (error) {
        // Someone joined or removed it meanwhile: then it is not ours to prune.
        this.#context.log.debug('network not pruned', { network: network.name, error });
      }
    }
    return { NetworksDeleted: deleted };
  }

  /** Make the records of bridge, host and none where they are missing. */
  async ensureDefaults(): Promise<void> {
    const { networks } = this.#context;
    for (const [name, driver] of [
      ['host', 'host'],
      ['none', 'null'],
    ] as const) {
      if (!networks.byName(name)) networks.put({ ...this.#plain(name), driver });
    }
    const recorded = networks.byName('bridge');
    const wanted = await this.#defaultBridge(recorded);
    if (!recorded || JSON.stringify(recorded) !== JSON.stringify(wanted)) networks.put(wanted);
    if (recorded && JSON.stringify(recorded.ipam) !== JSON.stringify(wanted.ipam)) {
      // The bridge is given its new addresses by `up`; containers that run keep the old ones until they start again.
      await this.#context.ip.run([`addr flush dev ${wanted.bridge}`], /does not exist|Cannot find device/);
    }
  }

  /** What the packet filter must know of a bridge network. */
  describeBridge(network: Network): FilteredBridge | undefined {
    if (network.driver !== 'bridge' || network.bridge === undefined) return undefined;
    const subnets = network.ipam.flatMap((config) => config.Subnet ?? []);
    return {
      bridge: network.bridge,
      internal: network.internal,
      icc: allowsIcc(network),
      masquerade: masquerades(network),
      subnets4: subnets.filter((subnet) => !subnet.includes(':')),
      subnets6: subnets.filter((subnet) => subnet.includes(':')),
      gateway4: gatewayOf(network, 4),
      gateway6: gatewayOf(network, 6),
      dnsPort: this.#dnsPorts.get(network.id),
    };
  }

  async #takeDown(network: Network): Promise<void> {
    const { networks, addresses, filter, dns, firewall } = this.#context;
    const port = this.#dnsPorts.get(network.id);
    for (const family of [4, 6] as const) {
      const gateway = gatewayOf(network, family);
      if (gateway !== undefined && port !== undefined) await dns.close(gateway, port);
    }
    this.#dnsPorts.delete(network.id);
    if (network.bridge !== undefined) {
      await firewall.close(network.bridge);
      await filter.removeBridge(network.bridge);
    }
    await this.#driver(network).down(network);
    addresses.removeNetwork(network.id);
    networks.delete(network.id);
  }

  async #listen(network: Network): Promise<void> {
    if (this.#dnsPorts.has(network.id)) return;
    const { dns, options, log } = this.#context;
    const gateways = [gatewayOf(network, 4), gatewayOf(network, 6)].filter((address) => address !== undefined);
    const first = options.dnsPort ?? DEFAULT_DNS_PORT;
    for (let port = first; port < first + DNS_PORT_TRIES; port += 1) {
      try {
        for (const gateway of gateways) await dns.listen(network.id, gateway, port);
        this.#dnsPorts.set(network.id, port);
        return;
      } catch (error) {
        for (const gateway of gateways) await dns.close(gateway, port);
        log.debug('DNS port is taken', { network: network.name, port, error });
      }
    }
    log.warn('no free port for DNS: names do not resolve on this network', { network: network.name, port: first });
  }

  #driver(network: Network): NonNullable<ReturnType<NetworkContext['drivers']['get']>> {
    const driver = this.#context.drivers.get(network.driver);
    if (!driver) throw new PouchError('internal', `The network ${network.name} has no driver ${network.driver}.`);
    return driver;
  }

  async #hostRoutes(): ReturnType<typeof readHostRoutes> {
    const own = this.#context.networks.all().flatMap((network) => network.bridge ?? []);
    return await readHostRoutes(new Set(own));
  }

  #plain(name: string): Network {
    return {
      id: newId(),
      name,
      driver: 'null',
      created: formatTime(nowNanos()),
      internal: false,
      attachable: false,
      enableIPv4: false,
      enableIPv6: false,
      ipamOptions: null,
      ipam: [],
      options: {},
      labels: {},
      predefined: true,
    };
  }

  /** The default bridge as configured. A recorded one keeps its id, and its subnet unless the options name another. */
  async #defaultBridge(recorded: Network | undefined): Promise<Network> {
    const { options, networks, pools, seed } = this.#context;
    const bridge = options.defaultBridge ?? 'pouch0';
    const others = networks
      .all()
      .filter((network) => network.id !== recorded?.id)
      .flatMap((network) =>
        network.ipam.flatMap((config) => (config.Subnet ? [requireCidr(config.Subnet, 'subnet')] : [])),
      );
    const taken = [...others, ...(await readHostRoutes(new Set([bridge])))];
    const chosen = (family: 4 | 6): IPAMConfig => {
      const old = recorded?.ipam.find((config) => config.Subnet?.includes(':') === (family === 6));
      if (old) return { Subnet: old.Subnet as string, Gateway: old.Gateway as string };
      const subnet = allocateSubnet(family, pools, taken, seed);
      return { Subnet: formatCidr(subnet), Gateway: formatIp({ family, value: subnet.base + 1n }) };
    };
    const v4 = options.bip === undefined ? chosen(4) : configOf(options.bip);
    const ipam: IPAMConfig[] = [{ ...v4, ...(options.fixedCidr !== undefined && { IPRange: options.fixedCidr }) }];
    if (options.ipv6) ipam.push(options.fixedCidrV6 === undefined ? chosen(6) : firstOf(options.fixedCidrV6));
    return {
      ...(recorded ?? this.#plain('bridge')),
      driver: 'bridge',
      bridge,
      enableIPv4: true,
      enableIPv6: options.ipv6 ?? false,
      ipam,
      options: {
        [BRIDGE_OPTION.defaultBridge]: 'true',
        [BRIDGE_OPTION.icc]: String(options.icc ?? true),
        [BRIDGE_OPTION.masquerade]: 'true',
        [BRIDGE_OPTION.hostBinding]: options.hostBindingIp ?? '0.0.0.0',
        [BRIDGE_OPTION.name]: bridge,
        [BRIDGE_OPTION.mtu]: String(options.mtu ?? 1500),
      },
    };
  }
}

/** `172.30.0.1/16`: the gateway's address with its prefix. */
function configOf(bip: string): IPAMConfig {
  const subnet = requireCidr(bip, 'bip');
  return { Subnet: formatCidr(subnet), Gateway: formatIp(requireIp(bip.split('/')[0] ?? '', 'bip')) };
}

function firstOf(text: string): IPAMConfig {
  const subnet = requireCidr(text, 'fixed-cidr-v6');
  return { Subnet: formatCidr(subnet), Gateway: formatIp({ family: subnet.family, value: subnet.base + 1n }) };
}
