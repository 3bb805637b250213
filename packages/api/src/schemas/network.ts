import {
  bool,
  dict,
  differs,
  extend,
  list,
  notActedUpon,
  nullable,
  object,
  refused,
  requiredSince,
  since,
  type Static,
  str,
  time,
  uint,
  until,
} from '../schema/type.ts';
import { EndpointSettings } from './networking-config.ts';

export const IPAMConfig = object(
  'IPAMConfig',
  {},
  {
    Subnet: str('CIDR.'),
    IPRange: str('CIDR inside the subnet, from which containers get addresses.'),
    Gateway: str(),
    AuxiliaryAddresses: dict(str(), 'Addresses that no container gets, by name.'),
  },
);
export type IPAMConfig = Static<typeof IPAMConfig>;

export const IPAM = object(
  'IPAM',
  {},
  {
    Driver: differs('default; others are refused.', str()),
    Options: notActedUpon('As with Docker, the default driver has none; they are shown.', dict(str())),
    Config: list(IPAMConfig),
  },
);
export type IPAM = Static<typeof IPAM>;

export const ConfigReference = object('ConfigReference', {}, { Network: str() });
export type ConfigReference = Static<typeof ConfigReference>;

const NO_SWARM = 'There is no swarm.';

export const NetworkCreateRequest = object(
  'NetworkCreateRequest',
  { Name: differs("Of letters, digits, '_', '.' and '-'; Docker takes anything.", str()) },
  {
    CheckDuplicate: until('1.43', notActedUpon('As with Docker since 25: names are always unique.', bool())),
    Driver: differs('bridge, macvlan, host and null; overlay, ipvlan and plugins are refused.', str()),
    Scope: refused(NO_SWARM, 'swarm', str()),
    Internal: bool('No way out of the network.'),
    Attachable: notActedUpon('It is about networks of a swarm; every network here is open to containers.', bool()),
    Ingress: refused(NO_SWARM, true, bool()),
    ConfigOnly: refused('Each network has its own configuration.', true, bool()),
    ConfigFrom: refused('Each network has its own configuration.', { Network: 'other' }, ConfigReference),
    IPAM,
    EnableIPv4: since('1.48', bool()),
    EnableIPv6: bool(),
    Options: differs(
      'As with Docker, options that the driver does not know are kept and shown only; docs/reference/cli.md has those it knows.',
      dict(str()),
    ),
    Labels: dict(str()),
  },
);
export type NetworkCreateRequest = Static<typeof NetworkCreateRequest>;

export const NetworkCreateResponse = object('NetworkCreateResponse', { Id: str(), Warning: str() });
export type NetworkCreateResponse = Static<typeof NetworkCreateResponse>;

export const NetworkContainer = object('NetworkContainer', {
  Name: str(),
  EndpointID: str(),
  MacAddress: str(),
  IPv4Address: str('CIDR.'),
  IPv6Address: str('CIDR.'),
});
export type NetworkContainer = Static<typeof NetworkContainer>;

export const IPAMInspect = object('IPAMInspect', {
  Driver: str(),
  Options: nullable(dict(str())),
  Config: nullable(list(IPAMConfig)),
});
export type IPAMInspect = Static<typeof IPAMInspect>;

/** A network in the list: without its containers. */
export const NetworkSummary = object(
  'NetworkSummary',
  {
    Name: str(),
    Id: str(),
    Created: time(),
    Scope: str(),
    Driver: str(),
    EnableIPv4: requiredSince('1.48', bool()),
    EnableIPv6: bool(),
    IPAM: IPAMInspect,
    Internal: bool(),
    Attachable: bool(),
    Ingress: bool(),
    ConfigFrom: ConfigReference,
    ConfigOnly: bool(),
    Options: nullable(dict(str())),
    Labels: nullable(dict(str())),
  },
  { Containers: until('1.51', nullable(dict(NetworkContainer, 'An empty object.'))) },
);
export type NetworkSummary = Static<typeof NetworkSummary>;

export const SubnetStatus = object('SubnetStatus', { IPsInUse: uint(), DynamicIPsAvailable: uint() });
export type SubnetStatus = Static<typeof SubnetStatus>;

export const NetworkStatus = object(
  'NetworkStatus',
  {},
  { IPAM: object('NetworkIPAMStatus', {}, { Subnets: dict(SubnetStatus, 'By subnet.') }) },
);
export type NetworkStatus = Static<typeof NetworkStatus>;

export const NetworkInspect = extend(
  'NetworkInspect',
  NetworkSummary,
  { Containers: nullable(dict(NetworkContainer, 'By container id.')) },
  { Status: since('1.52', NetworkStatus) },
);
export type NetworkInspect = Static<typeof NetworkInspect>;

export const NetworkConnectRequest = object(
  'NetworkConnectRequest',
  { Container: str() },
  { EndpointConfig: EndpointSettings },
);
export type NetworkConnectRequest = Static<typeof NetworkConnectRequest>;

export const NetworkDisconnectRequest = object('NetworkDisconnectRequest', { Container: str() }, { Force: bool() });
export type NetworkDisconnectRequest = Static<typeof NetworkDisconnectRequest>;

export const NetworkPruneResponse = object('NetworkPruneResponse', { NetworksDeleted: nullable(list(str())) });
export type NetworkPruneResponse = Static<typeof NetworkPruneResponse>;
