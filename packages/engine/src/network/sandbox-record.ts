import type { EndpointIPAMConfig } from '@pouch/api';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import type { LinkTarget } from './sandbox.ts';

/** A sandbox as it is recorded: everything needed to find its parts again after a crash. */
export interface SandboxRecord {
  readonly id: string;
  /**
   * - making: being prepared, its parts may be missing;
   * - pool: prepared, nobody's yet;
   * - live: a container's;
   * - dying: its parts are being taken down; the addresses are not free before the record is gone.
   */
  readonly state: 'making' | 'pool' | 'live' | 'dying';
  /** File name in the namespace directory; undefined in host mode. */
  readonly netns: string | undefined;
  readonly endpoints: readonly EndpointRecord[];
  /** Undefined in the pool. */
  readonly owner: SandboxOwner | undefined;
  readonly ports: readonly PublishedPort[];
}

/** The container a sandbox belongs to, and what it asked for. */
export interface SandboxOwner {
  readonly containerId: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly directory: string;
  readonly exposedPorts: readonly string[];
  readonly wantedPorts: readonly WantedPort[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly extraHosts: readonly string[];
  readonly links: readonly LinkTarget[];
  /** No container of the user's. */
  readonly hidden?: true;
  readonly bandwidth?: BandwidthLimits;
  /** Class on the uplink, 1 to 7. */
  readonly priority?: number;
}

export interface EndpointRecord {
  readonly id: string;
  readonly networkId: string;
  readonly networkName: string;
  /** Name inside the namespace; undefined for host and none. */
  readonly interface: string | undefined;
  /** Our end of the veth pair, in the host's namespace. */
  readonly hostInterface: string | undefined;
  readonly mac: string;
  /** Plain notation. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly aliases: readonly string[] | null;
  readonly links: readonly string[] | null;
  readonly driverOpts: Readonly<Record<string, string>> | null;
  /** What the user asked for, shown as it was. */
  readonly ipamConfig: EndpointIPAMConfig | null;
  readonly gwPriority: number;
  /** Its outgoing traffic is, or was, led through a device of its own. */
  readonly mirrored?: boolean;
}

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A port to publish, as asked. */
export interface WantedPort {
  readonly containerPort: number;
  readonly protocol: Protocol;
  /** `''`: every address of both families (or the network's own binding address). */
  readonly hostIp: string;
  /** Inclusive; 0–0 is any free port. */
  readonly hostPortStart: number;
  readonly hostPortEnd: number;
}

/** A port that is published. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly hostIp: string;
  readonly hostPort: number;
  /** Where packets go: the container's address in plain notation. */
  readonly target: string;
}
