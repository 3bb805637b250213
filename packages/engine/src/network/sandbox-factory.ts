import { newId } from '@pouch/base';
import type { IpCommander, NetnsDirectory } from '@pouch/linux';
import type { AddressBook } from './address-book.ts';
import { attachPort } from './bridge-driver.ts';
import { configureInterface, defaultRoutes } from './interface-commands.ts';
import { parseIp } from './ip-address.ts';
import { macFor } from './mac-address.ts';
import { gatewayOf, interfacePrefix, type Network, networkMtu } from './network.ts';
import type { EndpointRecord, SandboxRecord } from './sandbox-record.ts';
import type { SandboxRegistry } from './sandbox-registry.ts';
import type { Teardown } from './teardown.ts';

export interface SandboxFactoryDependencies {
  readonly ip: IpCommander;
  readonly netns: NetnsDirectory;
  readonly addresses: AddressBook;
  readonly sandboxes: SandboxRegistry;
  readonly teardown: Teardown;
}

/** The name of our end of an endpoint's veth pair: 14 characters, of the endpoint's id. */
export function hostInterfaceName(endpointId: string): string {
  return `pv${endpointId.slice(0, 12)}`;
}

/** Makes namespaces: bare ones with loopback up, and ones that are on a bridge already. */
export class SandboxFactory {
  readonly #deps: SandboxFactoryDependencies;
  readonly #underWay = new Set<string>();

  constructor(dependencies: SandboxFactoryDependencies) {
    this.#deps = dependencies;
  }

  /** Whether this very sandbox is being made right now. */
  isMaking(id: string): boolean {
    return this.#underWay.has(id);
  }

  async makeBare(): Promise<SandboxRecord> {
    const record = this.#record([]);
    return await this.#make(record, ['link set dev lo up'], []);
  }

  /** A namespace with an interface on a bridge network, addresses and default routes set: one process in all. */
  async makeOnBridge(network: Network): Promise<SandboxRecord> {
    const { addresses } = this.#deps;
    const id = newId();
    const taken = addresses.allocate(network);
    const endpoint: EndpointRecord = {
      id,
      networkId: network.id,
      networkName: network.name,
      interface: `${interfacePrefix(network)}0`,
      hostInterface: hostInterfaceName(id),
      mac: macFor(taken.ipv4 === undefined ? undefined : parseIp(taken.ipv4)),
      ...taken,
      aliases: null,
      links: null,
      driverOpts: null,
      ipamConfig: null,
      gwPriority: 0,
    };
    const mtu = networkMtu(network);
    const size = mtu === undefined ? '' : ` mtu ${mtu}`;
    const device = endpoint.interface as string;
    const inside = [
      'link set dev lo up',
      `link add ${device} address ${endpoint.mac} type veth peer name ${endpoint.hostInterface}${size} netns /proc/${process.pid}/ns/net`,
      ...configureInterface(network, endpoint),
    ];
    if (!network.internal) inside.push(...defaultRoutes(device, gatewayOf(network, 4), gatewayOf(network, 6)));
    return await this.#make(this.#record([endpoint]), inside, attachPort(network, endpoint));
  }

  #record(endpoints: readonly EndpointRecord[]): SandboxRecord {
    const id = newId();
    return { id, state: 'making', netns: id.slice(0, 12), endpoints, owner: undefined, ports: [] };
  }

  async #make(record: SandboxRecord, inside: readonly string[], outside: readonly string[]): Promise<SandboxRecord> {
    const { ip, netns, sandboxes, teardown } = this.#deps;
    this.#underWay.add(record.id);
    sandboxes.put(record);
    try {
      await netns.create(record.netns as string, inside);
      if (outside.length > 0) await ip.run(outside);
      return sandboxes.put({ ...record, state: 'pool' });
    } catch (error) {
      teardown.add(sandboxes.put({ ...record, state: 'dying' }));
      throw error;
    } finally {
      // Until whoever asked for it has it: nobody else may take it for a forgotten one.
      setImmediate(() => this.#underWay.delete(record.id));
    }
  }
}
