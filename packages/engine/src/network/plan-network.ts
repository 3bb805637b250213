import type { IPAMConfig, NetworkCreateRequest } from '@pouch/api';
import { formatTime, NAME_PATTERN, newId, nowNanos, PouchError } from '@pouch/base';
import {
  type Cidr,
  cidrContains,
  cidrsOverlap,
  formatCidr,
  formatIp,
  lastOf,
  parseCidr,
  requireCidr,
  requireIp,
} from './ip-address.ts';
import type { Network, NetworkDriverName } from './network.ts';
import { type AddressPoolOption, allocateSubnet, checkOverlap } from './subnet-allocator.ts';

export interface PlanContext {
  readonly networks: readonly Network[];
  readonly hostRoutes: readonly Cidr[];
  readonly pools: readonly AddressPoolOption[];
  /** This host's identity, for IPv6 subnets. */
  readonly seed: string;
}

const DRIVERS: Readonly<Record<string, NetworkDriverName>> = {
  '': 'bridge',
  default: 'bridge',
  bridge: 'bridge',
  macvlan: 'macvlan',
  host: 'host',
  null: 'null',
  none: 'null',
};

/** A whole network from what a user asked for. Changes nothing. Throws what Docker answers. */
export function planNetwork(request: NetworkCreateRequest, context: PlanContext): Network {
  checkRequest(request, context.networks);
  const driver = driverOf(request, context.networks);
  const hasAddresses = driver === 'bridge' || driver === 'macvlan';
  const configured = (request.IPAM?.Config ?? []).filter((config) => config.Subnet || config.Gateway || config.IPRange);
  const asksV6 = configured.some((config) => config.Subnet?.includes(':'));
  const enableIPv4 = hasAddresses && (request.EnableIPv4 ?? true);
  const enableIPv6 = hasAddresses && (request.EnableIPv6 ?? false);
  if (asksV6 && hasAddresses && !enableIPv6) {
    throw new PouchError('invalid-argument', 'an IPv6 subnet needs the network to have IPv6 (--ipv6)');
  }
  if (hasAddresses && !enableIPv4 && !enableIPv6) {
    throw new PouchError('invalid-argument', 'IPv4 or IPv6 must be enabled');
  }
  return {
    id: newId(),
    name: request.Name,
    driver,
    created: formatTime(nowNanos()),
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    enableIPv4,
    enableIPv6,
    ipamOptions: request.IPAM?.Options ?? null,
    ipam: hasAddresses ? planSubnets(configured, enableIPv4, enableIPv6, context) : [],
    options: request.Options ?? {},
    labels: request.Labels ?? {},
  };
}

function checkRequest(request: NetworkCreateRequest, networks: readonly Network[]): void {
  const { Name } = request;
  if (Name === '') throw new PouchError('invalid-argument', 'invalid name: name is empty');
  if (!NAME_PATTERN.test(Name) || Name.length > 255) {
    throw new PouchError(
      'invalid-argument',
      `invalid network name ${JSON.stringify(Name)}: only letters, digits, '_', '.' and '-' are allowed`,
    );
  }
  if (['default', 'bridge', 'host', 'none', 'container'].includes(Name)) {
    throw new PouchError('permission-denied', `operation is not permitted on predefined ${Name} network`);
  }
  if (networks.some((network) => network.name === Name)) {
    throw new PouchError('already-exists', `network with name ${Name} already exists`);
  }
  if (request.Ingress) throw new PouchError('permission-denied', 'Ingress network can only be global scope network');
  if (request.ConfigOnly || request.ConfigFrom?.Network) {
    throw unsupported('a configuration-only network', 'give each network its own configuration');
  }
  if (request.Scope && request.Scope !== 'local') {
    throw new PouchError(
      'permission-denied',
      `cannot create a ${request.Scope} scoped network when swarm is not active`,
    );
  }
  const ipam = request.IPAM?.Driver;
  if (ipam && ipam !== 'default') {
    throw new PouchError('not-found', `plugin "${ipam}" not found`);
  }
}

function unsupported(what: string, why: string): PouchError {
  return new PouchError('unsupported', `Cannot create ${what}: ${why}.`);
}

function driverOf(request: NetworkCreateRequest, networks: readonly Network[]): NetworkDriverName {
  const name = request.Driver ?? '';
  const driver = Object.hasOwn(DRIVERS, name) ? DRIVERS[name] : undefined;
  if (name === 'overlay') {
    throw new PouchError(
      'permission-denied',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  if (name === 'ipvlan') throw unsupported('an ipvlan network', 'use macvlan');
  if (driver === undefined) {
    throw new PouchError('not-found', `plugin "${name}" not found`);
  }
  if ((driver === 'host' || driver === 'null') && networks.some((network) => network.driver === driver)) {
    throw new PouchError('permission-denied', `only one instance of "${driver}" network is allowed`);
  }
  return driver;
}

function planSubnets(configured: readonly IPAMConfig[], v4: boolean, v6: boolean, context: PlanContext): IPAMConfig[] {
  const own = context.networks.flatMap((network) =>
    network.ipam.flatMap((config) => parseCidr(config.Subnet ?? '') ?? []),
  );
  const planned: IPAMConfig[] = [];
  const used = [...own];
  for (const config of configured) {
    if (!config.Subnet) continue;
    const subnet = requireSubnet(config.Subnet);
    if ((subnet.family === 4 ? v4 : v6) === false) continue;
    checkOverlap(subnet, used);
    used.push(subnet);
    planned.push(completeSubnet(subnet, config));
  }
  for (const family of [4, 6] as const) {
    if (
      !(family === 4 ? v4 : v6) ||
      planned.some((config) => requireCidr(config.Subnet ?? '', 'subnet').family === family)
    )
      continue;
    const rest = configured.find((config) => !config.Subnet && familyOf(config) === family);
    const subnet = allocateSubnet(family, context.pools, [...used, ...context.hostRoutes], context.seed);
    used.push(subnet);
    planned.push(completeSubnet(subnet, rest ?? {}));
  }
  return planned;
}

/** Blocks that no container can have an address of: `this` network and loopback, multicast and what lies above. */
const NOT_FOR_HOSTS = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'ff00::/8'].map((text) =>
  requireCidr(text, 'subnet'),
);

/** A subnet as a user gives it: written without host bits, of unicast addresses. */
function requireSubnet(text: string): Cidr {
  const subnet = requireCidr(text, 'subnet');
  const plain = requireIp(text.split('/')[0] ?? '', 'subnet');
  if (plain.value !== subnet.base) {
    throw new PouchError(
      'invalid-argument',
      `invalid network config:\ninvalid subnet ${text}: it should be ${formatCidr(subnet)}`,
    );
  }
  const reserved = NOT_FOR_HOSTS.find((block) => cidrsOverlap(block, subnet));
  if (reserved) {
    throw new PouchError(
      'invalid-argument',
      `invalid subnet ${text}: the addresses of ${formatCidr(reserved)} are not for containers; use a private range such as 10.0.0.0/8`,
    );
  }
  return subnet;
}

function familyOf(config: IPAMConfig): 4 | 6 {
  return `${config.Gateway ?? ''}${config.IPRange ?? ''}`.includes(':') ? 6 : 4;
}

function completeSubnet(subnet: Cidr, config: IPAMConfig): IPAMConfig {
  if (subnet.prefix > (subnet.family === 4 ? 30 : 126) && subnet.prefix !== (subnet.family === 4 ? 31 : 127)) {
    throw new PouchError(
      'invalid-argument',
      `invalid subnet ${formatCidr(subnet)}: too small for a gateway and a container`,
    );
  }
  const within = (text: string, what: string): string => {
    const address = requireIp(text.split('/')[0] ?? '', what);
    if (!cidrContains(subnet, address)) {
      throw new PouchError(
        'invalid-argument',
        `invalid ${what} ${text}: parent subnet ${formatCidr(subnet)} does not contain it`,
      );
    }
    if (
      subnet.family === 4 &&
      subnet.prefix < 31 &&
      (address.value === subnet.base || address.value === lastOf(subnet))
    ) {
      throw new PouchError(
        'invalid-argument',
        `invalid ${what} ${text}: the first and the last address of ${formatCidr(subnet)} belong to no host`,
      );
    }
    return formatIp(address);
  };
  const aux = Object.entries(config.AuxiliaryAddresses ?? {}).map(([key, text]) => [
    key,
    within(text, 'auxiliary address'),
  ]);
  if (config.IPRange) {
    const range = requireCidr(config.IPRange, 'ip-range');
    if (!cidrsOverlap(range, subnet) || range.prefix < subnet.prefix) {
      throw new PouchError(
        'invalid-argument',
        `invalid ip-range ${config.IPRange}: parent subnet ${formatCidr(subnet)} does not contain it`,
      );
    }
  }
  const first = formatIp({
    family: subnet.family,
    value: subnet.base + (subnet.prefix >= (subnet.family === 4 ? 31 : 127) ? 0n : 1n),
  });
  return {
    Subnet: formatCidr(subnet),
    ...(config.IPRange && { IPRange: config.IPRange }),
    Gateway: config.Gateway ? within(config.Gateway, 'gateway') : first,
    ...(aux.length > 0 && { AuxiliaryAddresses: Object.fromEntries(aux) as Record<string, string> }),
  };
}
