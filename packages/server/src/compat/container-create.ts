import type { ContainerCreateRequest, EndpointSettings, HostConfig, Mount } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { moveMacAddress } from './mac-address.ts';

/** The version that brought, or took away, a behaviour. */
const PRIVATE_IPC = 40;
const MOUNT_OPTIONS_CHECKED = 42;
const CONSOLE_SIZE = 42;
const SEVERAL_NETWORKS = 44;
const RECURSIVE_READ_ONLY = 44;
const SUBPATH = 45;
const IMAGE_MOUNTS = 48;
const GATEWAY_PRIORITY = 48;
const VOLUME_DRIVER_WARNING = 48;
const EMPTY_BINDINGS_WARNING = 52;

export interface AdaptedCreateRequest {
  readonly request: ContainerCreateRequest;
  readonly warnings: readonly string[];
}

/**
 * A create request of an older client in the newest version's terms; the fields that its version does not have are gone
 * already, by the contract. Throws `invalid-argument` where Docker refuses rather than ignores.
 */
export function adaptCreateRequest(request: ContainerCreateRequest, version: number): AdaptedCreateRequest {
  if (request.HostConfig?.Capabilities?.length) {
    throw invalid('the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop instead');
  }
  const endpoints = request.NetworkingConfig?.EndpointsConfig ?? {};
  if (version < SEVERAL_NETWORKS && Object.keys(endpoints).length > 1) {
    throw invalid(
      `Container cannot be created with multiple network endpoints: ${Object.keys(endpoints).sort().join(', ')}`,
    );
  }
  const adapted: ContainerCreateRequest = {
    ...request,
    ...(request.HostConfig && { HostConfig: adaptHostConfig(request.HostConfig, version) }),
    ...(request.NetworkingConfig?.EndpointsConfig && {
      NetworkingConfig: { EndpointsConfig: adaptEndpoints(endpoints, version) },
    }),
  };
  const moved = moveMacAddress(adapted, version);
  return { request: moved.request, warnings: [...hostWarnings(request.HostConfig ?? {}, version), ...moved.warnings] };
}

function adaptHostConfig(given: HostConfig, version: number): HostConfig {
  const { Capabilities: _, ConsoleSize, IpcMode, Mounts, PortBindings, ...rest } = given;
  const ipc = IpcMode || (version < PRIVATE_IPC ? 'shareable' : undefined);
  const bindings = Object.entries(PortBindings ?? {}).map(([port, list]) => [port, list.length > 0 ? list : [{}]]);
  return {
    ...rest,
    ...(ipc !== undefined && { IpcMode: ipc }),
    ...(ConsoleSize && version >= CONSOLE_SIZE && { ConsoleSize }),
    ...(Mounts && { Mounts: Mounts.map((mount) => adaptMount(mount, version)) }),
    ...(PortBindings && { PortBindings: Object.fromEntries(bindings) as HostConfig['PortBindings'] & object }),
  };
}

function adaptMount(mount: Mount, version: number): Mount {
  const { BindOptions: bind, VolumeOptions: volume, TmpfsOptions: tmpfs, ...rest } = mount;
  const { Type: type } = mount;
  if (version < RECURSIVE_READ_ONLY && type === 'bind' && bind?.ReadOnlyForceRecursive) {
    throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
  }
  if (version < SUBPATH && volume?.Subpath) throw invalid('VolumeOptions.Subpath needs API v1.45 or newer');
  if (version < IMAGE_MOUNTS && type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer');
  if (version >= MOUNT_OPTIONS_CHECKED) {
    const options = { VolumeOptions: 'volume', BindOptions: 'bind', TmpfsOptions: 'tmpfs' } as const;
    for (const [field, of] of Object.entries(options) as [keyof typeof options, string][]) {
      if (mount[field] && type !== of) throw invalid(`${field} must not be specified on mount type "${type ?? ''}"`);
    }
  }
  // Of old, only the mount itself became read-only, not what was mounted below it.
  const flat = version < RECURSIVE_READ_ONLY && type === 'bind' && mount.ReadOnly;
  return {
    ...rest,
    ...((bind || flat) && type === 'bind' && { BindOptions: { ...bind, ...(flat && { ReadOnlyNonRecursive: true }) } }),
    ...(volume && type === 'volume' && { VolumeOptions: volume }),
    ...(tmpfs && type === 'tmpfs' && { TmpfsOptions: tmpfs }),
  };
}

function adaptEndpoints(
  endpoints: Readonly<Record<string, EndpointSettings>>,
  version: number,
): Record<string, EndpointSettings> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([network, { GwPriority, ...rest }]) => [
      network,
      { ...rest, ...(GwPriority !== undefined && version >= GATEWAY_PRIORITY && { GwPriority }) },
    ]),
  );
}

function hostWarnings({ VolumeDriver, Mounts, PortBindings }: HostConfig, version: number): string[] {
  const warnings: string[] = [];
  const ambiguous = Mounts?.some(({ Type, VolumeOptions }) => Type === 'volume' && !VolumeOptions?.DriverConfig?.Name);
  if (VolumeDriver && ambiguous && version >= VOLUME_DRIVER_WARNING) {
    warnings.push(
      "WARNING: the container-wide volume-driver is not used for volumes of 'mount': name it there with volume-driver=…",
    );
  }
  const empty = Object.entries(PortBindings ?? {}).filter(([, list]) => list.length === 0);
  if (empty.length > 0 && version >= EMPTY_BINDINGS_WARNING) {
    const ports = empty.map(([port]) => port).join(', ');
    warnings.push(`Ports with an empty list of bindings get a free port of the host each; name one, or {}: ${ports}`);
  }
  return warnings;
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
