import type {
  ContainerInspect,
  ContainerUpgradeState,
  DiskQuotaUsage,
  EndpointSettingsInspect,
  HostConfig,
  NetworkSettings,
} from '@pouch/api';
import { formatTime } from '@pouch/base';
import type { Sandbox } from '../../network/sandbox.ts';
import { filePaths } from '../../network/sandbox-view.ts';
import { apiTime, type Container } from '../container.ts';
import type { ContainerMount, ContainerRecord } from '../container-record.ts';
import { dockerStatus } from '../state-machine.ts';

export interface InspectSources {
  readonly snapshotter: string;
  readonly sandbox: (containerId: string) => Sandbox | undefined;
  readonly diskQuotas: readonly DiskQuotaUsage[];
  readonly sizes?: { readonly rw: number; readonly rootfs: number };
}

/** A container as the API shows it. */
export function inspectContainer(container: Container, sources: InspectSources): ContainerInspect {
  const { record } = container;
  const sandbox = sources.sandbox(container.id);
  const hasRun = record.state.startedAt !== '';
  // The files of the last run stay, and so do their names.
  const files = sandbox ?? (hasRun ? filePaths(container.networkDirectory) : undefined);
  return {
    Id: record.id,
    Created: formatTime(BigInt(record.created)),
    Path: record.path,
    Args: record.args,
    State: inspectState(container),
    Image: record.imageId,
    ResolvConfPath: files?.resolvConfPath ?? '',
    HostnamePath: files?.hostnamePath ?? '',
    HostsPath: files?.hostsPath ?? '',
    LogPath: hasRun && record.hostConfig.LogConfig?.Type === 'json-file' ? container.logPath : '',
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: sources.snapshotter,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: container.execIds.size > 0 ? [...container.execIds] : null,
    HostConfig: shownHostConfig(record.hostConfig),
    Mounts: record.mounts.map(inspectMount),
    Config: record.config,
    NetworkSettings: networkSettings(container, sandbox),
    ...upgradeState(record),
    Storage: { RootFS: { Snapshot: { Name: sources.snapshotter } } },
    ...(record.assignedCpus !== undefined && { AssignedCpus: record.assignedCpus }),
    ...(sources.diskQuotas.length > 0 && { DiskQuotas: [...sources.diskQuotas] }),
    ...manifestDescriptor(container),
    ...(sources.sizes && { SizeRw: sources.sizes.rw, SizeRootFs: sources.sizes.rootfs }),
  } as ContainerInspect;
}

/** A privileged container has no paths masked: Docker shows that as nothing at all. */
function shownHostConfig(config: HostConfig): HostConfig {
  if (!config.Privileged) return config;
  const { MaskedPaths: masked, ReadonlyPaths: readOnly, ...rest } = config;
  return {
    ...rest,
    ...(masked?.length && { MaskedPaths: masked }),
    ...(readOnly?.length && { ReadonlyPaths: readOnly }),
  };
}

/** The manifest that the container was made of, as the API shows it. */
export function manifestDescriptor({
  record,
}: Container): Pick<ContainerInspect, 'ImageManifestDescriptor'> | undefined {
  const { manifestDigest: digest, manifestSize: size, manifestType: mediaType, platform } = record;
  if (size === undefined || mediaType === undefined) return undefined;
  const { os, architecture, variant } = platform;
  return {
    ImageManifestDescriptor: {
      mediaType,
      digest,
      size,
      platform: { architecture, os, ...(variant !== undefined && variant !== '' && { variant }) },
    },
  };
}

function upgradeState({ upgrade, previous }: ContainerRecord): { Upgrade?: ContainerUpgradeState } {
  if (!upgrade && !previous) return {};
  return {
    Upgrade: {
      ...(upgrade && { Phase: upgrade.phase }),
      ...(previous && {
        PreviousImage: previous.generation.imageReference,
        KeptUntil: formatTime(BigInt(previous.until) * 1_000_000n),
      }),
    },
  };
}

function inspectState(container: Container): ContainerInspect['State'] {
  const { state } = container;
  const { health } = state;
  return {
    Status: dockerStatus(state),
    Running: container.live || container.restarting,
    Paused: state.status === 'paused',
    Restarting: container.restarting,
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: apiTime(state.startedAt),
    FinishedAt: apiTime(state.finishedAt),
    ...(health && { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: [...health.log] } }),
  };
}

/** Without what only the daemon must know. */
export function inspectMount(mount: ContainerMount): ContainerInspect['Mounts'][number] {
  const { Type, Source, Destination, Mode, RW, Propagation, Name, Driver } = mount;
  return {
    Type,
    ...(Name !== undefined && { Name }),
    Source,
    Destination,
    ...(Driver !== undefined && { Driver }),
    Mode,
    RW,
    Propagation,
  };
}

/** What a container that does not run wants of the network, or what a running one has. */
export function networksOf(
  container: Container,
  sandbox: Sandbox | undefined,
): Record<string, EndpointSettingsInspect> {
  if (sandbox && Object.keys(sandbox.networks).length > 0) return { ...sandbox.networks };
  const { endpoints, networkIds = {} } = container.record;
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, settings]) => {
      const id = networkIds[name];
      return [name, id === undefined ? settings : { ...settings, NetworkID: id }];
    }),
  );
}

function networkSettings(container: Container, sandbox: Sandbox | undefined): NetworkSettings {
  const networks = networksOf(container, sandbox);
  const bridge = networks.bridge;
  return {
    SandboxID: sandbox?.id ?? '',
    SandboxKey: sandbox?.netnsPath ?? '',
    Ports: { ...sandbox?.ports },
    Networks: networks,
    ...(bridge && {
      EndpointID: bridge.EndpointID ?? '',
      Gateway: bridge.Gateway ?? '',
      GlobalIPv6Address: bridge.GlobalIPv6Address ?? '',
      GlobalIPv6PrefixLen: bridge.GlobalIPv6PrefixLen ?? 0,
      IPAddress: bridge.IPAddress ?? '',
      IPPrefixLen: bridge.IPPrefixLen ?? 0,
      IPv6Gateway: bridge.IPv6Gateway ?? '',
      MacAddress: bridge.MacAddress ?? '',
    }),
  };
}
