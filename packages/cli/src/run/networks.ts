import type { EndpointSettings, NetworkingConfig } from '@pouch/api';
import { csvPairs, pair } from '@pouch/base';

/** One `--network`: a name, or `name=…,alias=…,ip=…`. */
export interface NetworkFlag {
  readonly name: string;
  readonly endpoint: EndpointSettings;
}

export function parseNetwork(text: string): NetworkFlag {
  if (text === '') throw new Error('network name is empty');
  if (!/(^|,)(name|alias|ip|ip6|link-local-ip|mac-address|driver-opt|gw-priority)=/.test(text)) {
    return { name: text, endpoint: {} };
  }
  let name = '';
  const endpoint: EndpointSettings = {};
  for (const [key, value] of csvPairs(text)) {
    if (value === undefined) throw new Error(`invalid field ${key}`);
    if (key === 'name') name = value;
    else setField(endpoint, key, value);
  }
  if (!name) throw new Error('network name/id is not specified');
  return { name, endpoint };
}

function setField(endpoint: EndpointSettings, key: string, value: string): void {
  switch (key) {
    case 'alias':
      endpoint.Aliases = [...(endpoint.Aliases ?? []), value.toLowerCase()];
      return;
    case 'ip':
      endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
      return;
    case 'ip6':
      endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
      return;
    case 'link-local-ip':
      endpoint.IPAMConfig = {
        ...endpoint.IPAMConfig,
        LinkLocalIPs: [...(endpoint.IPAMConfig?.LinkLocalIPs ?? []), value],
      };
      return;
    case 'mac-address':
      endpoint.MacAddress = checkMac(value);
      return;
    case 'driver-opt': {
      const [option, setting] = pair(value);
      if (!value.includes('=')) throw new Error('invalid key value pair format in driver options');
      endpoint.DriverOpts = { ...endpoint.DriverOpts, [option]: setting };
      return;
    }
    case 'gw-priority':
      if (!/^-?\d{1,9}$/.test(value)) throw new Error(`invalid gw-priority (${value})`);
      endpoint.GwPriority = Number(value);
      return;
    default:
      throw new Error(`invalid field key ${key}`);
  }
}

export function checkMac(text: string): string {
  if (!/^([\da-f]{2}[:-]){5}[\da-f]{2}$/i.test(text)) throw new Error(`${text} is not a valid mac address`);
  return text;
}

/** The flags that describe the place in the first network. */
export interface EndpointFlags {
  readonly ip: string;
  readonly ip6: string;
  readonly macAddress: string;
  readonly linkLocalIps: readonly string[];
  readonly aliases: readonly string[];
  readonly links: readonly string[];
}

export interface NetworkFlags {
  readonly mode: string;
  readonly config: NetworkingConfig;
}

/** All `--network` flags together with those for the first network. Throws when they contradict each other. */
export function combineNetworks(networks: readonly NetworkFlag[], flags: EndpointFlags): NetworkFlags {
  const all = networks.length > 0 ? networks : [{ name: 'default', endpoint: {} }];
  const mode = (all[0] as NetworkFlag).name;
  if (all.length > 1 && all.some(({ name }) => !isUserDefined(name)) && all.some(({ name }) => isUserDefined(name))) {
    throw new Error('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  const endpoints: Record<string, EndpointSettings> = {};
  all.forEach(({ name, endpoint }, position) => {
    if (Object.hasOwn(endpoints, name)) throw new Error(`network "${name}" is specified multiple times`);
    const merged = position === 0 ? withFlags(endpoint, flags) : endpoint;
    if (isUserDefined(name) || Object.keys(merged).length > 0) endpoints[name] = merged;
  });
  return { mode, config: { EndpointsConfig: endpoints } };
}

function withFlags(endpoint: EndpointSettings, flags: EndpointFlags): EndpointSettings {
  const conflict = (option: string): never => {
    throw new Error(`conflicting options: cannot specify both --${option} and per-network ${option}`);
  };
  if (flags.aliases.length > 0 && endpoint.Aliases) conflict('network-alias');
  if (flags.ip && endpoint.IPAMConfig?.IPv4Address) conflict('ip');
  if (flags.ip6 && endpoint.IPAMConfig?.IPv6Address) conflict('ip6');
  if (flags.macAddress && endpoint.MacAddress) conflict('mac-address');
  if (flags.linkLocalIps.length > 0 && endpoint.IPAMConfig?.LinkLocalIPs) conflict('link-local-ip');
  const addresses = {
    ...endpoint.IPAMConfig,
    ...(flags.ip && { IPv4Address: flags.ip }),
    ...(flags.ip6 && { IPv6Address: flags.ip6 }),
    ...(flags.linkLocalIps.length > 0 && { LinkLocalIPs: [...flags.linkLocalIps] }),
  };
  return {
    ...endpoint,
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(flags.aliases.length > 0 && { Aliases: [...flags.aliases] }),
    ...(flags.links.length > 0 && { Links: [...flags.links] }),
    ...(flags.macAddress && { MacAddress: checkMac(flags.macAddress) }),
  };
}

function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(name) && !name.startsWith('container:');
}
