import type { EndpointIPAMConfig } from '@pouch/api';
import { asPouchError, PouchError } from '@pouch/base';
import { AddressPool } from './address-pool.ts';
import { cidrContains, formatIp, type IpAddress, parseIp, requireCidr, requireIp } from './ip-address.ts';
import type { Network } from './network.ts';

export interface Addresses {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** The addresses of all networks' endpoints. Kept in memory; rebuilt at start from the records. */
export class AddressBook {
  readonly #pools = new Map<string, AddressPool[]>();

  addNetwork(network: Network): void {
    const pools = network.ipam.flatMap((config) => {
      if (config.Subnet === undefined) return [];
      const subnet = requireCidr(config.Subnet, 'subnet');
      const reserved = [config.Gateway, ...Object.values(config.AuxiliaryAddresses ?? {})].flatMap((text) =>
        text === undefined || text === '' ? [] : [requireIp(text.split('/')[0] ?? '', 'address')],
      );
      const range = config.IPRange ? requireCidr(config.IPRange, 'ip-range') : undefined;
      return [new AddressPool(subnet, { reserved, ...(range && { range }) })];
    });
    this.#pools.set(network.id, pools);
  }

  removeNetwork(networkId: string): void {
    this.#pools.delete(networkId);
  }

  /** Addresses for an endpoint: those asked for, else the next free of each family the network has. All or none. */
  allocate(network: Network, wanted?: EndpointIPAMConfig): Addresses {
    const ipv4 = network.enableIPv4 ? this.#take(network, 4, wanted?.IPv4Address) : undefined;
    try {
      const ipv6 = network.enableIPv6 ? this.#take(network, 6, wanted?.IPv6Address) : undefined;
      return { ipv4, ipv6 };
    } catch (error) {
      this.release(network.id, { ipv4, ipv6: undefined });
      throw error;
    }
  }

  /** Mark addresses of a recorded endpoint as taken. */
  restore(networkId: string, addresses: Addresses): void {
    for (const address of parse(addresses)) {
      const pool = this.#poolOf(networkId, address);
      if (pool && !pool.isTaken(address)) pool.reserve(address);
    }
  }

  release(networkId: string, addresses: Addresses): void {
    for (const address of parse(addresses)) this.#poolOf(networkId, address)?.release(address);
  }

  isTaken(networkId: string, text: string): boolean {
    const address = parseIp(text);
    return address !== undefined && this.#poolOf(networkId, address)?.isTaken(address) === true;
  }

  /** By subnet: how many addresses are in use and how many can still be given. */
  usage(networkId: string): { readonly subnet: AddressPool['subnet']; readonly used: number; readonly free: number }[] {
    return (this.#pools.get(networkId) ?? []).map(({ subnet, used, free }) => ({ subnet, used, free }));
  }

  #take(network: Network, family: 4 | 6, wanted: string | undefined): string | undefined {
    const pools = (this.#pools.get(network.id) ?? []).filter((pool) => pool.subnet.family === family);
    if (wanted !== undefined && wanted !== '') {
      const address = requireIp(wanted, `IPv${family} address`);
      const pool = pools.find((candidate) => candidate === this.#poolOf(network.id, address));
      if (!pool || address.family !== family) {
        throw new PouchError(
          'invalid-argument',
          `invalid endpoint settings:\nno configured subnet contains IP address ${wanted}`,
          { details: { network: network.name } },
        );
      }
      pool.reserve(address);
      return formatIp(address);
    }
    let last: Error | undefined;
    for (const pool of pools) {
      try {
        return formatIp(pool.allocate());
      } catch (error) {
        last = asPouchError(error);
      }
    }
    if (last) throw last;
    return undefined;
  }

  #poolOf(networkId: string, address: IpAddress): AddressPool | undefined {
    return this.#pools
      .get(networkId)
      ?.find(({ subnet }) => subnet.family === address.family && cidrContains(subnet, address));
  }
}

function parse(addresses: Addresses): IpAddress[] {
  return [addresses.ipv4, addresses.ipv6].flatMap((text) => {
    const address = text === undefined ? undefined : parseIp(text);
    return address ? [address] : [];
  });
}
