import {
  dict,
  differs,
  int,
  list,
  notActedUpon,
  object,
  refused,
  type Static,
  str,
  withNulls,
} from '../schema/type.ts';

export const EndpointIPAMConfig = object(
  'EndpointIPAMConfig',
  {},
  {
    IPv4Address: str(),
    IPv6Address: str(),
    LinkLocalIPs: refused("Link-local addresses are the kernel's matter here.", ['169.254.0.9'], list(str())),
  },
);
export type EndpointIPAMConfig = Static<typeof EndpointIPAMConfig>;

const RESULT = 'As with Docker, it is a result, and what a request says of it is not heeded.';

/** One container's place in one network: what was asked for, then what it got. */
export const EndpointSettings = object(
  'EndpointSettings',
  {},
  {
    IPAMConfig: EndpointIPAMConfig,
    Links: list(str()),
    Aliases: list(str()),
    MacAddress: str(),
    DriverOpts: differs(
      'com.docker.network.endpoint.sysctls and .ifname are refused; others are kept and shown, as no driver here has any.',
      dict(str()),
    ),
    GwPriority: int('The endpoint with the highest number gives the default route. Heeded since API 1.48.'),
    NetworkID: notActedUpon(RESULT, str()),
    EndpointID: notActedUpon(RESULT, str()),
    Gateway: notActedUpon(RESULT, str()),
    IPAddress: notActedUpon(RESULT, str()),
    IPPrefixLen: notActedUpon(RESULT, int()),
    IPv6Gateway: notActedUpon(RESULT, str()),
    GlobalIPv6Address: notActedUpon(RESULT, str()),
    GlobalIPv6PrefixLen: notActedUpon(RESULT, int()),
    DNSNames: notActedUpon(RESULT, list(str())),
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
