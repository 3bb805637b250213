import { dict, int, list, object, type Static, str, withNulls } from '../schema/type.ts';

export const EndpointIPAMConfig = object(
  'EndpointIPAMConfig',
  {},
  { IPv4Address: str(), IPv6Address: str(), LinkLocalIPs: list(str()) },
);
export type EndpointIPAMConfig = Static<typeof EndpointIPAMConfig>;

/** One container's place in one network: what was asked for, then what it got. */
export const EndpointSettings = object(
  'EndpointSettings',
  {},
  {
    IPAMConfig: EndpointIPAMConfig,
    Links: list(str()),
    Aliases: list(str()),
    MacAddress: str(),
    DriverOpts: dict(str()),
    GwPriority: int('The endpoint with the highest number gives the default route. Heeded since API 1.48.'),
    NetworkID: str(),
    EndpointID: str(),
    Gateway: str(),
    IPAddress: str(),
    IPPrefixLen: int(),
    IPv6Gateway: str(),
    GlobalIPv6Address: str(),
    GlobalIPv6PrefixLen: int(),
    DNSNames: list(str()),
  },
);
export type EndpointSettings = Static<typeof EndpointSettings>;

/** An endpoint as a response shows it. */
export const EndpointSettingsInspect = withNulls('EndpointSettingsInspect', EndpointSettings, [
  'IPAMConfig',
  'Links',
  'Aliases',
  'DriverOpts',
  'DNSNames',
]);
export type EndpointSettingsInspect = Static<typeof EndpointSettingsInspect>;

export const NetworkingConfig = object('NetworkingConfig', {}, { EndpointsConfig: dict(EndpointSettings) });
export type NetworkingConfig = Static<typeof NetworkingConfig>;
