import type { EndpointSettings, EndpointSettingsInspect, PortMap } from '@pouch/api';
import type { BandwidthLimits } from './bandwidth-limits.ts';

/** What a container asks of the network when it starts. */
export interface AttachRequest {
  readonly containerId: string;
  /** The container's name, without a slash. */
  readonly name: string;
  readonly hostname: string;
  readonly domainname?: string;
  /** `default`, `bridge`, `host`, `none`, `container:<64-digit id>`, or a network's name or id. */
  readonly networkMode: string;
  /** Settings by network name or id. The network of `networkMode` is joined whether it is named here or not. */
  readonly endpoints?: Readonly<Record<string, EndpointSettings>>;
  /** What to publish: `80/tcp` → host addresses and ports (a port, a range `8000-8010`, or empty for a free one). */
  readonly portBindings?: PortMap;
  /** The image's and the user's exposed ports: `80/tcp`. Listed as null in the port map unless published. */
  readonly exposedPorts?: readonly string[];
  /** Publish every exposed port on a free host port. */
  readonly publishAll?: boolean;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  /** `name:address`; the address `host-gateway` is the default bridge's gateway. */
  readonly extraHosts?: readonly string[];
  /** Legacy links of the default bridge: `container:alias`, resolved by the caller. */
  readonly links?: readonly LinkTarget[];
  /** For the network of `networkMode`, where its endpoint names none. */
  readonly macAddress?: string;
  /** No container of the user's: no event tells of it, and no list shows it. */
  readonly hidden?: boolean;
  /** Of each of its interfaces; all must be on bridges. */
  readonly bandwidth?: BandwidthLimits;
  /** Class on the uplink, 1 (first) to 7. */
  readonly priority?: number;
  /** Directory in which `hostname`, `hosts` and `resolv.conf` are written. Made when missing. */
  readonly directory: string;
}

export interface LinkTarget {
  readonly containerId: string;
  readonly name: string;
  readonly hostname: string;
  readonly alias: string;
}

/** A container's place in the network while it runs. */
export interface Sandbox {
  readonly id: string;
  readonly containerId: string;
  /** The namespace for the OCI spec; undefined in host mode, where the container shares the host's. */
  readonly netnsPath: string | undefined;
  /** By network name, filled in as `docker inspect` shows them. */
  readonly networks: Readonly<Record<string, EndpointSettingsInspect>>;
  /** As `docker inspect` shows it: published ports with the host ports they got, exposed ones with null. */
  readonly ports: Readonly<Record<string, HostBinding[] | null>>;
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
}

export interface HostBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}
