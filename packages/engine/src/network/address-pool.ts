import { PouchError } from '@pouch/base';
import { type Cidr, cidrContains, formatCidr, formatIp, type IpAddress, lastOf, sizeOf } from './ip-address.ts';

/**
 * The addresses of one subnet. Free ones are handed out in rising order, going on after the last one given, so that an
 * address just let go is used again as late as possible.
 */
export class AddressPool {
  readonly subnet: Cidr;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  readonly #hostless: number;
  #next: bigint;

  /** `range`: give addresses only from this part of the subnet. `reserved`: never give these. */
  constructor(subnet: Cidr, options: { readonly range?: Cidr; readonly reserved?: readonly IpAddress[] } = {}) {
    this.subnet = subnet;
    const range = options.range ?? subnet;
    // The network and broadcast addresses of an IPv4 subnet, and the router anycast address of an IPv6 one, are no hosts.
    const small = sizeOf(subnet) <= 2n;
    this.#hostless = small ? 0 : subnet.family === 4 ? 2 : 1;
    this.#first = !small && range.base === subnet.base ? range.base + 1n : range.base;
    this.#last = !small && subnet.family === 4 && lastOf(range) === lastOf(subnet) ? lastOf(range) - 1n : lastOf(range);
    this.#next = this.#first;
    for (const address of options.reserved ?? []) this.#taken.add(address.value);
  }

  /** Take the next free address. Throws `unavailable` when there is none. */
  allocate(): IpAddress {
    const total = this.#last - this.#first + 1n;
    const tries = total < BigInt(this.#taken.size + 1) ? total : BigInt(this.#taken.size + 1);
    for (let attempt = 0n; attempt < tries; attempt += 1n) {
      const value = this.#next;
      this.#next = value >= this.#last ? this.#first : value + 1n;
      if (this.#taken.has(value)) continue;
      this.#taken.add(value);
      return { family: this.subnet.family, value };
    }
    throw new PouchError(
      'unavailable',
      `no available IPv${this.subnet.family} addresses on this network's address pools: ${formatCidr(this.subnet)}`,
    );
  }

  /** Take this very address. Throws `invalid-argument` outside the subnet, `conflict` when it is taken. */
  reserve(address: IpAddress): void {
    if (!cidrContains(this.subnet, address)) {
      throw new PouchError(
        'invalid-argument',
        `invalid address ${formatIp(address)}: it does not belong to any of this network's subnets`,
      );
    }
    if (this.#isNoHost(address.value)) {
      throw new PouchError(
        'invalid-argument',
        `invalid address ${formatIp(address)}: the first address of ${formatCidr(this.subnet)}${this.subnet.family === 4 ? ' and the last one belong' : ' belongs'} to no host`,
      );
    }
    if (this.#taken.has(address.value)) throw new PouchError('conflict', 'Address already in use');
    this.#taken.add(address.value);
  }

  /** The network and broadcast addresses of an IPv4 subnet, and the router anycast address of an IPv6 one. */
  #isNoHost(value: bigint): boolean {
    if (sizeOf(this.subnet) <= 2n) return false;
    return value === this.subnet.base || (this.subnet.family === 4 && value === lastOf(this.subnet));
  }

  isTaken(address: IpAddress): boolean {
    return this.#taken.has(address.value);
  }

  release(address: IpAddress): void {
    this.#taken.delete(address.value);
  }

  /** Addresses in use, as Docker counts: also the reserved ones, and those of the subnet that are no host's. */
  get used(): number {
    return this.#taken.size + this.#hostless;
  }

  /** Addresses that can still be given, no more than Number.MAX_SAFE_INTEGER. */
  get free(): number {
    let used = 0n;
    for (const value of this.#taken) if (value >= this.#first && value <= this.#last) used += 1n;
    const free = this.#last - this.#first + 1n - used;
    return free > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(free);
  }
}
