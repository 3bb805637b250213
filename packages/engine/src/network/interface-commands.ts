import { existsSync } from 'node:fs';
import { type Network, networkMtu, prefixOf } from './network.ts';
import type { EndpointRecord } from './sandbox-record.ts';

/** `ip` commands, run inside the namespace, that give an endpoint's interface its addresses and bring it up. */
export function configureInterface(network: Network, endpoint: EndpointRecord): string[] {
  const device = endpoint.interface as string;
  const mtu = networkMtu(network);
  const commands = [];
  if (endpoint.ipv6 === undefined) commands.push(...noLinkLocal(device));
  if (mtu !== undefined) commands.push(`link set dev ${device} mtu ${mtu}`);
  if (endpoint.ipv4 !== undefined) {
    commands.push(`addr add ${endpoint.ipv4}/${prefixOf(network, 4)} broadcast + dev ${device}`);
  }
  if (endpoint.ipv6 !== undefined)
    commands.push(`addr add ${endpoint.ipv6}/${prefixOf(network, 6)} dev ${device} nodad`);
  commands.push(`link set dev ${device} up`);
  return commands;
}

/** `ip` commands that make a network's gateways the default routes. */
export function defaultRoutes(device: string, gateway4: string | undefined, gateway6: string | undefined): string[] {
  const commands = [];
  if (gateway4 !== undefined) commands.push(`route replace default via ${gateway4} dev ${device}`);
  if (gateway6 !== undefined) commands.push(`route replace ::/0 via ${gateway6} dev ${device}`);
  return commands;
}

/** The kernel was not started with `ipv6.disable=1`. */
export const HOST_HAS_IPV6 = existsSync('/proc/sys/net/ipv6');

/** `ip` commands that keep an interface from giving itself a link-local IPv6 address; none on a host without IPv6. */
export function noLinkLocal(device: string): string[] {
  return HOST_HAS_IPV6 ? [`link set dev ${device} addrgenmode none`] : [];
}
