import type { PublishedPort } from './sandbox-record.ts';

/** What the packet filter must know of one bridge. */
export interface FilteredBridge {
  readonly bridge: string;
  readonly internal: boolean;
  /** Containers on it may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly subnets4: readonly string[];
  readonly subnets6: readonly string[];
  readonly gateway4: string | undefined;
  readonly gateway6: string | undefined;
  /** Port on the gateway at which our DNS listens. */
  readonly dnsPort: number | undefined;
}

/** Elements by set or map: `name` → `element` texts. */
type Elements = Map<string, string[]>;

/** Bridge names go between quotes in a script: nothing but what an interface name here may hold. */
const BRIDGE_NAME = /^[\w.-]{1,15}$/;
const TABLE_NAME = /^[a-z_]\w{0,30}$/i;

/**
 * The whole table as a script that replaces the one before in one transaction. Others' tables are not touched. One rule
 * per purpose; what varies lies in sets and maps, so that a packet costs the same with one container and with a thousand.
 */
export function tableScript(
  table: string,
  bridges: readonly FilteredBridge[],
  ports: readonly PublishedPort[],
): string {
  if (!TABLE_NAME.test(table)) throw new Error(`Not a name for an nft table: ${table}`);
  const elements: Elements = new Map();
  for (const bridge of bridges) merge(elements, bridgeElements(bridge));
  merge(elements, portElements(ports));
  const filled = [...elements]
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `add element inet ${table} ${name} { ${[...new Set(list)].join(', ')} }`);
  return [`table inet ${table} {}`, `delete table inet ${table}`, tableDefinition(table), ...filled, ''].join('\n');
}

/** Lines that add (or delete) published ports. */
export function portChange(action: 'add' | 'delete', table: string, ports: readonly PublishedPort[]): string {
  return changeLines(action, table, portElements(ports));
}

/** Lines that add (or delete) a bridge. */
export function bridgeChange(action: 'add' | 'delete', table: string, bridge: FilteredBridge): string {
  return changeLines(action, table, bridgeElements(bridge));
}

function changeLines(action: 'add' | 'delete', table: string, elements: Elements): string {
  return [...elements]
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${action} element inet ${table} ${name} { ${[...new Set(list)].join(', ')} }\n`)
    .join('');
}

function bridgeElements(bridge: FilteredBridge): Elements {
  if (!BRIDGE_NAME.test(bridge.bridge)) throw new Error(`Not a name for a bridge: ${JSON.stringify(bridge.bridge)}`);
  const name = `"${bridge.bridge}"`;
  const elements: Elements = new Map([['bridges', [name]]]);
  if (bridge.internal) elements.set('internal', [name]);
  if (bridge.icc) elements.set('icc', [`${name} . ${name}`]);
  elements.set('containers4', [...bridge.subnets4]);
  elements.set('containers6', [...bridge.subnets6]);
  if (bridge.masquerade) {
    elements.set('masquerade4', [...bridge.subnets4]);
    elements.set('masquerade6', [...bridge.subnets6]);
  }
  if (bridge.dnsPort !== undefined) {
    if (bridge.gateway4 !== undefined) {
      elements.set('dns4', [`${bridge.gateway4} : ${bridge.gateway4} . ${bridge.dnsPort}`]);
    }
    if (bridge.gateway6 !== undefined) {
      elements.set('dns6', [`${bridge.gateway6} : ${bridge.gateway6} . ${bridge.dnsPort}`]);
    }
    elements.set('dnsports', [`${name} . ${bridge.dnsPort}`]);
  }
  return elements;
}

/** A binding without DNAT (a host address of the other family, or ::1) is served by the proxy alone. */
function portElements(ports: readonly PublishedPort[]): Elements {
  const elements: Elements = new Map();
  for (const port of ports) {
    const isV6 = port.hostIp.includes(':');
    if (isV6 !== port.target.includes(':') || port.hostIp === '::1') continue;
    const any = port.hostIp === '0.0.0.0' || port.hostIp === '::';
    const key = `${port.protocol} . ${port.hostPort}`;
    const name = `${any ? 'any' : 'published'}${isV6 ? 6 : 4}`;
    const element = `${any ? '' : `${port.hostIp} . `}${key} : ${port.target} . ${port.containerPort}`;
    merge(elements, new Map([[name, [element]]]));
  }
  return elements;
}

function merge(into: Elements, from: Elements): void {
  for (const [name, list] of from) into.set(name, [...(into.get(name) ?? []), ...list]);
}

function tableDefinition(table: string): string {
  return `table inet ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set icc { type ifname . ifname; }
  set containers4 { type ipv4_addr; flags interval; }
  set containers6 { type ipv6_addr; flags interval; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }
  set dnsports { type ifname . inet_service; }
  map dns4 { type ipv4_addr : ipv4_addr . inet_service; }
  map dns6 { type ipv6_addr : ipv6_addr . inet_service; }
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map published4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map published6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }

  chain spoofed {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 return
    ip6 daddr ::1 return
    iifname @bridges meta l4proto { tcp, udp } th dport 53 dnat ip to ip daddr map @dns4
    iifname @bridges meta l4proto { tcp, udp } th dport 53 dnat ip6 to ip6 daddr map @dns6
    fib daddr type local jump published
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return
    fib daddr type local jump published
  }
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @published4
    dnat ip to meta l4proto . th dport map @any4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published6
    dnat ip6 to meta l4proto . th dport map @any6
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname @bridges ct status dnat ip saddr @containers4 masquerade
    oifname @bridges ct status dnat ip6 saddr @containers6 masquerade
    oifname != @bridges ip saddr @masquerade4 masquerade
    oifname != @bridges ip6 saddr @masquerade6 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @bridges jump from_to_container
    oifname @bridges jump from_to_container
  }
  chain from_to_container {
    ct state established,related accept
    iifname . oifname @icc accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct status dnat accept
    oifname @bridges drop
    accept
  }
  chain restart {
    type filter hook output priority filter; policy accept;
    oifname @bridges icmp type destination-unreachable ct original proto-dst 53 drop
    oifname @bridges icmpv6 type destination-unreachable ct original proto-dst 53 drop
    oifname . tcp sport @dnsports tcp flags & rst == rst drop
  }
}`;
}
