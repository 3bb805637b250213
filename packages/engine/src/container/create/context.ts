import type { ContainerConfig, EndpointSettings, HostConfig, Ulimit } from '@pouch/api';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { QuotaService } from '../../quota/quota-service.ts';
import type { ContainerMount, ContainerQuota } from '../container-record.ts';
import type { RichDefaults } from '../rich/rich-mode.ts';
import type { HostFacts } from '../spec/host-facts.ts';

/** What a request leaves open, from the daemon's configuration. */
export interface CreateDefaults {
  /** Bytes of /dev/shm; 0 means 64 MiB. */
  readonly shmSize?: number;
  readonly logConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly runtime: string;
  readonly ipcMode?: 'private' | 'shareable';
  /** Absent: private on cgroup v2, host on v1, as Docker. */
  readonly cgroupnsMode?: 'private' | 'host';
  readonly init?: boolean;
  readonly ulimits?: readonly Ulimit[];
  readonly noNewPrivileges?: boolean;
  readonly rich?: RichDefaults;
}

/** A container that another one refers to. */
export interface KnownContainer {
  readonly id: string;
  readonly name: string;
  readonly mounts: readonly ContainerMount[];
  readonly ipcMode: string;
  /** Shared by a container that joins its network. */
  readonly hostname?: string;
  readonly domainname?: string;
}

/** Everything outside the request that decides what a container becomes. */
export interface PrepareContext {
  /** Of the container to be. */
  readonly id: string;
  readonly host: HostFacts;
  readonly defaults: CreateDefaults;
  readonly runtimes: ReadonlySet<string>;
  /** Log driver → the options it takes. */
  readonly logDrivers: ReadonlyMap<string, ReadonlySet<string>>;
  readonly quotas: QuotaService;
  /** Why traffic cannot be limited here; absent: it can. */
  readonly bandwidthMissing?: string | undefined;
  /** Why there are no classes of traffic here. */
  readonly priorityMissing?: string | undefined;
  /** Why containers cannot have lxcfs here; absent: they can. */
  readonly lxcfsMissing?: string | undefined;
  readonly volumes: VolumeService;
  /** By name, id or unique id prefix. Throws `not-found`. */
  readonly findContainer: (reference: string) => Promise<KnownContainer>;
  /** The `name` and driver of a network by name or id; undefined when there is none. */
  readonly findNetwork: (reference: string) => Promise<{ readonly name: string; readonly driver: string } | undefined>;
}

/** The content of a container's record, decided and checked. */
export interface PreparedContainer {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly path: string;
  readonly args: string[];
  readonly endpoints: Record<string, EndpointSettings>;
  readonly mounts: ContainerMount[];
  readonly runtime: string;
  readonly quotas: ContainerQuota[];
  readonly warnings: string[];
  /** The record is stored: the volumes stay. */
  keep(): Promise<void>;
  /** Removes the volumes that were made for it: for a create that fails later. */
  dispose(): Promise<void>;
}
