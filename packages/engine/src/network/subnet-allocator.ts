import { createHash } from 'node:crypto';
import { PouchError } from '@pouch/base';
import { type Cidr, cidrsOverlap, lastOf, parseCidr } from './ip-address.ts';

/** A block that is cut into subnets of one size: Docker's `default-address-pools`. */
export interface AddressPoolOption {
  readonly base: string;
  readonly size: number;
}

/** Docker's blocks for networks that name no subnet. */
export const DEFAULT_ADDRESS_POOLS: readonly AddressPoolOption[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
];

/**
 * The first subnet of a family from the pools that overlaps nothing in `taken` (other networks, the host's routes).
 * For IPv6 without a pool, a /64 of the unique local block that `seed` (this host's identity) stands for (RFC 4193).
 * Throws `unavailable` when all are taken.
 */
export function allocateSubnet(
  family: 4 | 6,
  pools: readonly AddressPoolOption[],
  taken: readonly Cidr[],
  seed: string,
): Cidr {
  const own = pools.filter((pool) => parseCidr(pool.base)?.family === family);
  const candidates = family === 6 && own.length === 0 ? [localBlock(seed)] : own;
  for (const pool of candidates) {
    const base = parseCidr(pool.base);
    if (!base) throw new PouchError('invalid-argument', `invalid default address pool ${pool.base}`);
    const found = firstFree(base, pool.size, taken);
    if (found) return found;
  }
  throw new PouchError(
    'unavailable',
    `all predefined address pools have been fully subnetted: give the network a subnet (--subnet), or the daemon more default-address-pools`,
  );
}

/** Throws `permission-denied`, as Docker does, when the subnet overlaps a network of ours. */
export function checkOverlap(subnet: Cidr, networks: readonly Cidr[]): void {
  if (networks.some((other) => cidrsOverlap(other, subnet))) {
    throw new PouchError(
      'permission-denied',
      `invalid pool request: Pool overlaps with other one on this address space`,
    );
  }
}

function firstFree(base: Cidr, size: number, taken: readonly Cidr[]): Cidr | undefined {
  const step = 1n << BigInt((base.family === 4 ? 32 : 128) - size);
  let candidate: Cidr = { family: base.family, base: base.base, prefix: size };
  while (lastOf(candidate) <= lastOf(base)) {
    const current = candidate;
    const blocking = taken.filter((other) => cidrsOverlap(other, current));
    if (blocking.length === 0) return candidate;
    // Jump over the largest block in the way, so that a wide route does not cost a loop over millions of subnets.
    const end = blocking.map(lastOf).reduce((a, b) => (a > b ? a : b));
    const next = ((end - base.base) / step + 1n) * step + base.base;
    candidate = { ...candidate, base: next };
  }
  return undefined;
}

function localBlock(seed: string): AddressPoolOption {
  const digest = createHash('sha256').update(`pouch ${seed}`).digest('hex');
  return { base: `fd${digest.slice(0, 2)}:${digest.slice(2, 6)}:${digest.slice(6, 10)}::/48`, size: 64 };
}
