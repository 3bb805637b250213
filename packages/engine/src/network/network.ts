import type { IPAMConfig, NetworkInspect } from '@pouch/api';
import { formatIp, parseCidr, parseIp, requireCidr } from './ip-address.ts';

/** A network as it is recorded. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: NetworkDriverName;
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly ipam: readonly IPAMConfig[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Made by the daemon itself: cannot be removed. */
  readonly predefined?: boolean;
  /** The Linux bridge (bridge driver). */
  readonly bridge?: string;
  /** The device below (macvlan driver) and whether we made it. */
  readonly parent?: { readonly name: string; readonly isOurs: boolean };
}

export type NetworkDriverName = 'bridge' | 'host' | 'null' | 'macvlan';

/** Options of the bridge driver, by the names Docker gave them. */
export const BRIDGE_OPTION = {
  name: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
  ifacePrefix: 'com.docker.network.container_iface_prefix',
  inhibitIPv4: 'com.docker.network.bridge.inhibit_ipv4',
} as const;

/** A truth value as Go's strconv.ParseBool reads it; undefined when it is none. */
export function parseBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  return undefined;
}

export function networkMtu(network: Network): number | undefined {
  const mtu = network.options[BRIDGE_OPTION.mtu];
  return mtu === undefined ? undefined : Number(mtu);
}

export function allowsIcc(network: Network): boolean {
  return parseBool(network.options[BRIDGE_OPTION.icc]) ?? true;
}

export function masquerades(network: Network): boolean {
  return !network.internal && (parseBool(network.options[BRIDGE_OPTION.masquerade]) ?? true);
}

/** Containers on the default bridge find each other only by legacy links; on all others by name. */
export function resolvesNames(network: Network): boolean {
  return network.driver === 'bridge' && network.predefined !== true;
}

export function interfacePrefix(network: Network): string {
  return network.options[BRIDGE_OPTION.ifacePrefix] ?? 'eth';
}

/** The configuration of a family's subnet, the first where there are several. */
export function subnetOf(network: Network, family: 4 | 6): IPAMConfig | undefined {
  return network.ipam.find((config) => config.Subnet !== undefined && parseCidr(config.Subnet)?.family === family);
}

/** The gateway in plain notation (no prefix), or undefined. */
export function gatewayOf(network: Network, family: 4 | 6): string | undefined {
  const text = subnetOf(network, family)?.Gateway?.split('/')[0];
  const address = text === undefined ? undefined : parseIp(text);
  return address && formatIp(address);
}

/** Prefix length of a family's subnet. */
export function prefixOf(network: Network, family: 4 | 6): number {
  const subnet = subnetOf(network, family)?.Subnet;
  return subnet === undefined ? 0 : requireCidr(subnet, 'subnet').prefix;
}

/** What Docker's inspect and list show, without containers. */
export function describeNetwork(network: Network): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: {
      Driver: 'default',
      Options: network.ipamOptions === null ? null : { ...network.ipamOptions },
      Config: network.ipam.length > 0 ? network.ipam.map((config) => ({ ...config })) : null,
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: { ...network.options },
    Labels: { ...network.labels },
  };
}
