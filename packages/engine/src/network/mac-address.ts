import { randomBytes } from 'node:crypto';
import { PouchError } from '@pouch/base';
import type { IpAddress } from './ip-address.ts';

/**
 * The hardware address of an endpoint: locally administered, from its IPv4 address (`02:42` and the four bytes), so that
 * the neighbours' ARP caches stay right when an address is used again; random where it has only IPv6.
 */
export function macFor(ipv4: IpAddress | undefined): string {
  if (!ipv4) return randomMac();
  const bytes = [24n, 16n, 8n, 0n].map((shift) => Number((ipv4.value >> shift) & 0xffn));
  return format([0x02, 0x42, ...bytes]);
}

/** A random locally administered unicast address. */
export function randomMac(): string {
  const bytes = [...randomBytes(6)];
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return format(bytes);
}

/** Normal form of a user's MAC address. Throws `invalid-argument` for anything but a 48-bit unicast address. */
export function requireMac(text: string): string {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new PouchError('invalid-argument', `invalid MAC address: address ${text}: invalid MAC address`);
  }
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (Number.parseInt(mac.slice(0, 2), 16) & 1 || mac === '00:00:00:00:00:00') {
    throw new PouchError('invalid-argument', `invalid MAC address: ${text} is no unicast address`);
  }
  return mac;
}

function format(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
