import { type Network, networkMtu, prefixOf } from './network.ts';
import type { EndpointRecord } from './sandbox-record.ts';

/** `ip` commands, run inside the namespace, that give an endpoint's interface its addresses and bring it up. */
export function configureInterface(network: Network, endpoint: EndpointRecord): string[] {
  const device = endpoint.interface as string;
  const mtu = networkMtu(network);
  const commands = [];
  if (endpoint.ipv6 === undefined) commands.push(`link set dev ${device} addrgenmode none`);
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
