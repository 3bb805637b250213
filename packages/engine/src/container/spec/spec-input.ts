import type { Mount } from '@pouch/oci';
import type { ContainerRecord } from '../container-record.ts';
import type { HostFacts } from './host-facts.ts';
import type { RootfsReader } from './rootfs-view.ts';

/** A file of /proc or /sys that shows the container's limits: `beneath` is mounted first, and `shown` over it. */
export interface ProcView {
  readonly destination: string;
  readonly beneath: string;
  readonly shown: string;
}

/** Files and namespaces that were made for this start of the container. */
export interface SandboxPaths {
  /** The network namespace to join: the container's own, or another container's. Absent: a new, empty one. */
  readonly netnsPath?: string;
  readonly resolvConfPath?: string;
  readonly hostsPath?: string;
  readonly hostnamePath?: string;
}

/** The namespaces of other containers, for the modes `container:ID`. */
export interface JoinedNamespaces {
  /** `/proc/PID/ns/ipc` of the other container. */
  readonly ipcPath?: string;
  readonly pidPath?: string;
}

/** The first process of a rich container, and what it finds. */
export interface RichStart {
  readonly args: readonly string[];
  /** It is an init of the image's: root, with an environment of its own and these rights more. */
  readonly init?: { readonly capabilities: readonly string[] };
  readonly mounts: readonly Mount[];
  /** The container's own cgroup2 group is its to divide. */
  readonly writableCgroup?: boolean;
}

export interface SpecInput {
  readonly record: ContainerRecord;
  readonly host: HostFacts;
  readonly sandbox: SandboxPaths;
  /** Where each mounted volume is on the host, by its destination in the container; a subpath is applied already. */
  readonly volumePaths: ReadonlyMap<string, string>;
  readonly joined?: JoinedNamespaces;
  /**
   * A host directory for /dev/shm, which must outlive this container's mount namespace: the tmpfs made for IPC mode
   * `shareable`, or that of the container joined. Absent: a private tmpfs.
   */
  readonly shmPath?: string;
  /** `linux.cgroupsPath`, in the form that the cgroup driver wants. */
  readonly cgroupsPath: string;
  readonly rootfs: RootfsReader;
  readonly procViews?: readonly ProcView[];
  /** `root.path`; `rootfs`, which containerd's bundles have, by default. */
  readonly rootfsPath?: string;
  /** The init program for `--init` on the host; undefined when none was found. */
  readonly initPath?: string | undefined;
  readonly rich?: RichStart | undefined;
  /** Programs of the host's that the container has. */
  readonly hostMounts?: readonly Mount[];
  /** More annotations, such as the shim's grouping. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the default AppArmor profile, where the daemon has loaded one. */
  readonly apparmorProfile?: string;
  /** `no-new-privileges` for all containers. */
  readonly noNewPrivileges?: boolean;
}
