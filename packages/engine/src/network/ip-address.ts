import { isIP } from 'node:net';
import { PouchError } from '@pouch/base';

/** An address as a number with its family. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A block of addresses. `base` is its first address; a prefix given with host bits set keeps only the block. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

/** Parse dotted or colon notation, also `::ffff:1.2.3.4`. Undefined when it is no address (zone ids are none). */
export function parseIp(text: string): IpAddress | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 4) return { family: 4, value: parseDotted(text) };
  if (family !== 6) return undefined;
  let plain = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const low = parseDotted(dotted[2] as string);
    plain = `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return { family: 6, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) };
}

/** RFC 5952 notation for IPv6. */
export function formatIp(address: IpAddress): string {
  if (address.family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => ((address.value >> shift) & 0xffn).toString()).join('.');
  }
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((address.value >> shift) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match && parseIp(match[1] as string);
  if (!match || !address) return undefined;
  const prefix = Number(match[2]);
  const bits = address.family === 4 ? 32 : 128;
  if (prefix > bits) return undefined;
  const hostBits = BigInt(bits - prefix);
  return { family: address.family, base: (address.value >> hostBits) << hostBits, prefix };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp({ family: cidr.family, value: cidr.base })}/${cidr.prefix}`;
}

/** The last address of a block. */
export function lastOf(cidr: Cidr): bigint {
  return cidr.base + sizeOf(cidr) - 1n;
}

export function sizeOf(cidr: Cidr): bigint {
  return 1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return cidr.family === address.family && address.value >= cidr.base && address.value <= lastOf(cidr);
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);
}

/** As `parseIp`, but throws `invalid-argument` that names `what`. */
export function requireIp(text: string, what: string): IpAddress {
  const address = parseIp(text);
  if (!address) throw new PouchError('invalid-argument', `invalid ${what} ${JSON.stringify(text)}: not an IP address`);
  return address;
}

export function requireCidr(text: string, what: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) {
    throw new PouchError(
      'invalid-argument',
      `invalid ${what} ${JSON.stringify(text)}: must be an address and a prefix`,
    );
  }
  return cidr;
}

/** The name a PTR question uses: `4.3.2.1.in-addr.arpa`, or the nibbles under `ip6.arpa`. */
export function reverseName(address: IpAddress): string {
  if (address.family === 4) return `${formatIp(address).split('.').toReversed().join('.')}.in-addr.arpa`;
  return `${address.value.toString(16).padStart(32, '0').split('').toReversed().join('.')}.ip6.arpa`;
}

function parseDotted(text: string): bigint {
  return text.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
