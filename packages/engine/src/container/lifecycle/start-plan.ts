import { asPouchError, PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import {
  type CgroupDriver,
  type CgroupHierarchy,
  type CgroupPaths,
  cgroupPaths,
  cgroupsPath,
  CRUN_SUBGROUP,
} from '@pouch/linux';
import type { RuntimeSpec } from '@pouch/oci';
import type { AttachRequest, LinkTarget, Sandbox } from '../../network/sandbox.ts';
import type { Container } from '../container.ts';
import { buildSpec, containerOfMode, findInit, type HostFacts, RootfsView, type SpecInput } from '../spec/index.ts';
import { bandwidthOf } from '../create/index.ts';
import type { RichSetup } from '../rich/index.ts';
import { findSftpServer } from '../ssh/sftp-server.ts';
import { chooseCpus } from './choose-cpus.ts';
import { askPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';
import { markRootfs } from './mark-rootfs.ts';
import type { ProcViews } from './proc-views.ts';
import type { ShmMounts } from './shm-mounts.ts';
import type { RuntimeDefinition } from './task-runtime.ts';
import type { VolumeMounter } from './volume-mounter.ts';

export interface StartPlannerOptions {
  readonly host: HostFacts;
  readonly cgroupDriver: CgroupDriver;
  readonly cgroups: CgroupHierarchy;
  readonly runtimes: ReadonlyMap<string, RuntimeDefinition>;
  readonly cgroupParent: string | undefined;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Path of the `--init` program; looked for on the host where absent. */
  readonly initPath: string | undefined;
}

export interface StartPlan {
  readonly spec: RuntimeSpec;
  readonly rootfs: readonly Mount[];
  readonly sandbox: Sandbox;
}

/** Gets ready what a start needs; the parts that do not depend on each other at the same time. */
export class StartPlanner {
  readonly #options: StartPlannerOptions;
  readonly #context: LifecycleContext;
  readonly #volumes: VolumeMounter;
  readonly #shm: ShmMounts;
  readonly #rich: RichSetup;
  readonly #views: ProcViews;

  constructor(
    options: StartPlannerOptions,
    context: LifecycleContext,
    dependencies: { volumes: VolumeMounter; shm: ShmMounts; rich: RichSetup; views: ProcViews },
  ) {
    this.#options = options;
    this.#context = context;
    this.#volumes = dependencies.volumes;
    this.#shm = dependencies.shm;
    this.#rich = dependencies.rich;
    this.#views = dependencies.views;
  }

  async #attach(container: Container): Promise<Sandbox> {
    // Over an upgrade a container keeps its namespace, its addresses and its ports; a machine over a restart.
    const keeps = container.record.upgrade !== undefined || container.keepsNetwork;
    container.keepsNetwork = false;
    const kept = keeps ? this.#context.networks.sandbox(container.id) : undefined;
    if (kept) return kept;
    const { endpoints, networkMode } = this.attachRequest(container);
    await askPlugins(this.#context, 'network-attach', container, { networkMode, endpoints });
    return await this.#context.networks.attach(this.attachRequest(container)).catch((error: unknown) => {
      throw networkError(error);
    });
  }

  /** Resolves when the network is as it was ordered: see `NetworkManager.limited`. */
  async networkReady(container: Container): Promise<void> {
    await this.#context.networks.limited(container.id).catch((error: unknown) => {
      throw networkError(error);
    });
  }

  async plan(container: Container): Promise<StartPlan> {
    this.#assignCpus(container);
    const [sandbox, rootfs, shmPath, procViews] = await Promise.all([
      this.#attach(container),
      this.rootfs(container),
      this.#shm.pathFor(container),
      this.#views.of(container),
    ]);
    markRootfs(rootfs);
    const volumePaths = await this.#volumes.mountAll(container, rootfs);
    const initPath = container.record.hostConfig.Init ? await findInit(this.#options.initPath) : undefined;
    const input = this.#specInput(container, sandbox, rootfs, volumePaths, shmPath);
    const rich = await this.#rich.start(container, new RootfsView(rootfs), input.cgroupsPath);
    const sftp = container.record.hostConfig.Ssh ? await findSftpServer() : undefined;
    const spec = await buildSpec({ ...input, initPath, rich, procViews, ...(sftp && { hostMounts: sftp.mounts }) });
    return { spec, rootfs, sandbox };
  }

  async rootfs(container: Container): Promise<readonly Mount[]> {
    container.rootfs ??= await this.#context.containerd.snapshots.mounts(container.snapshotKey);
    await this.#context.rootQuota.place(container, container.rootfs);
    return container.rootfs;
  }

  /** Written down first: the next choice must know of it. */
  #assignCpus(container: Container): void {
    const { record } = container;
    const chosen = chooseCpus(container, record.hostConfig, this.#context.index, this.#options.host.onlineCpus);
    if (chosen === undefined || chosen === record.assignedCpus) return;
    record.assignedCpus = chosen;
    container.save();
  }

  /** The daemon's own cgroup naming for the container. */
  cgroupsPath(container: Container): string {
    const parent = container.record.hostConfig.CgroupParent || this.#options.cgroupParent;
    return cgroupsPath(this.#options.cgroupDriver, container.id, parent);
  }

  /** Its control groups, where its runtime makes them. */
  cgroups(container: Container): CgroupPaths {
    const runtime = this.#options.runtimes.get(container.record.runtime)?.binary;
    return cgroupPaths(this.#options.cgroups, this.cgroupsPath(container), runtime);
  }

  #specInput(
    container: Container,
    sandbox: Sandbox,
    rootfs: readonly Mount[],
    volumePaths: ReadonlyMap<string, string>,
    shmPath: string | undefined,
  ): SpecInput {
    const { record } = container;
    return {
      record,
      host: this.#options.host,
      sandbox: {
        ...(sandbox.netnsPath !== undefined && { netnsPath: sandbox.netnsPath }),
        resolvConfPath: sandbox.resolvConfPath,
        hostsPath: sandbox.hostsPath,
        hostnamePath: sandbox.hostnamePath,
      },
      volumePaths,
      joined: this.#joined(container),
      ...(shmPath !== undefined && { shmPath }),
      cgroupsPath: this.cgroupsPath(container),
      // As it is of itself, so that no annotation of the request's puts it elsewhere.
      ...(this.#options.cgroupDriver === 'systemd' && {
        annotations: { [CRUN_SUBGROUP.annotation]: CRUN_SUBGROUP.name },
      }),
      rootfs: new RootfsView(rootfs),
    };
  }

  #joined(container: Container): NonNullable<SpecInput['joined']> {
    const { IpcMode, PidMode } = container.record.hostConfig;
    const path = (mode: string | undefined, kind: 'ipc' | 'pid'): string | undefined => {
      const other = containerOfMode(mode);
      if (other === undefined) return undefined;
      const target = this.#context.index.get(other);
      if (!target.live) {
        throw new PouchError(
          'conflict',
          `cannot join the ${kind} namespace of container ${target.id}: it is not running`,
        );
      }
      return `/proc/${target.state.pid}/ns/${kind}`;
    };
    const ipcPath = path(IpcMode, 'ipc');
    const pidPath = path(PidMode, 'pid');
    return { ...(ipcPath !== undefined && { ipcPath }), ...(pidPath !== undefined && { pidPath }) };
  }

  attachRequest(container: Container): AttachRequest {
    const { record } = container;
    const { config, hostConfig } = record;
    const pick = <T>(own: readonly T[] | undefined, fallback: readonly T[]): readonly T[] =>
      own?.length ? own : fallback;
    return {
      containerId: record.id,
      name: record.name,
      hostname: config.Hostname ?? '',
      ...(config.Domainname && { domainname: config.Domainname }),
      networkMode: config.NetworkDisabled ? 'none' : (hostConfig.NetworkMode ?? 'default'),
      endpoints: record.endpoints,
      portBindings: hostConfig.PortBindings ?? {},
      exposedPorts: Object.keys(config.ExposedPorts ?? {}),
      publishAll: hostConfig.PublishAllPorts ?? false,
      dns: pick(hostConfig.Dns, this.#options.dns),
      dnsSearch: pick(hostConfig.DnsSearch, this.#options.dnsSearch),
      dnsOptions: pick(hostConfig.DnsOptions, this.#options.dnsOptions),
      extraHosts: hostConfig.ExtraHosts ?? [],
      links: this.#links(container),
      ...bandwidthOf(hostConfig),
      ...(hostConfig.NetPriority && { priority: hostConfig.NetPriority }),
      ...(config.MacAddress && { macAddress: config.MacAddress }),
      directory: container.networkDirectory,
    };
  }

  #links(container: Container): LinkTarget[] {
    return (container.record.hostConfig.Links ?? []).map((link) => {
      const [name = '', alias = name] = link.split(':');
      const target = this.#context.index.get(name);
      if (!target.live)
        throw new PouchError(
          'conflict',
          `Cannot link to a non running container: /${target.record.name} AS /${container.record.name}/${alias}`,
        );
      return { containerId: target.id, name: target.record.name, hostname: target.record.config.Hostname ?? '', alias };
    });
  }
}

function networkError(error: unknown): PouchError {
  const known = asPouchError(error);
  const { network } = known.details;
  const doing =
    typeof network === 'string' ? `invalid config for network ${network}` : 'failed to set up container networking';
  return new PouchError(known.code, `${doing}: ${known.message}`, {
    cause: error,
    details: known.details,
  });
}
