import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Mount } from '@pouch/api';
import { NAME_PATTERN } from '@pouch/base';
import type { ContainerMount } from '../container-record.ts';
import { type BindSpec, cleanTarget, parseBind, parseBindMode } from './bind-spec.ts';
import type { PrepareContext } from './context.ts';
import { invalid } from './invalid.ts';
import { mergeTmpfsOptions, parseTmpfsOptions } from '../spec/tmpfs-options.ts';
import { validateMount } from './validate-mount.ts';
import type { QuotaClaims } from './quota-claims.ts';
import type { VolumeClaims } from './volume-claims.ts';

/** What a create makes on the way, and gives back when it fails. */
export interface MountClaims {
  readonly volumes: VolumeClaims;
  readonly quotas: QuotaClaims;
}

/**
 * All mounts of a container: `--volumes-from`, over them `-v` and `--mount`, under them the image's volumes. Volumes are
 * made where they are missing; `claims` remembers which, also when this throws half-way.
 */
export async function resolveMounts(
  config: ContainerConfig,
  hostConfig: HostConfig,
  context: PrepareContext,
  claims: MountClaims,
): Promise<ContainerMount[]> {
  const tmpfs = normaliseTmpfs(hostConfig);
  const binds = (hostConfig.Binds ?? []).map(parseBind);
  const asked = hostConfig.Mounts ?? [];
  // Everything that can be refused is, before the first volume is made.
  for (const mount of asked) await validateMount(mount);
  const imageVolumes = Object.keys(config.Volumes ?? {}).map((path) => cleanTarget(path, path));
  const taken = new Set(tmpfs);
  const targets = [...binds.map(({ target }) => target), ...asked.map(({ Target = '' }) => posix.resolve(Target))];
  for (const target of targets) {
    if (taken.has(target)) throw invalid(`Duplicate mount point: ${target}`);
    taken.add(target);
  }
  const mounts = new Map<string, ContainerMount>();
  for (const mount of await inheritedMounts(hostConfig, context)) {
    if (!taken.has(mount.Destination)) mounts.set(mount.Destination, mount);
    if (mount.Name !== undefined) claims.volumes.use(mount.Name);
  }
  for (const bind of binds) mounts.set(bind.target, await resolveBind(bind, hostConfig, claims));
  for (const mount of asked) {
    const resolved = await resolveMount(mount, hostConfig, claims);
    mounts.set(resolved.Destination, resolved);
  }
  for (const target of imageVolumes) {
    if (mounts.has(target) || taken.has(target)) continue;
    const volume = { target, source: undefined, mode: parseBindMode('') };
    mounts.set(target, await resolveBind(volume, hostConfig, claims));
  }
  return [...mounts.values()];
}

/** Checks HostConfig.Tmpfs and writes its paths in their clean form. Returns them. */
function normaliseTmpfs(hostConfig: HostConfig): string[] {
  const clean: Record<string, string> = {};
  for (const [path, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
    const target = cleanTarget(path, path);
    if (target in clean) throw invalid(`Duplicate mount point: ${target}`);
    parseTmpfsOptions(options);
    clean[target] = options;
  }
  if (hostConfig.Tmpfs) hostConfig.Tmpfs = clean;
  return Object.keys(clean);
}

async function inheritedMounts(hostConfig: HostConfig, context: PrepareContext): Promise<ContainerMount[]> {
  const inherited: ContainerMount[] = [];
  for (const entry of hostConfig.VolumesFrom ?? []) {
    const [reference = '', mode = ''] = entry.split(':', 2);
    if (reference === '' || entry.split(':').length > 2)
      throw invalid(`malformed volumes-from specification: ${entry}`);
    const { readOnly } = parseBindMode(mode);
    const { mounts } = await context.findContainer(reference);
    for (const mount of mounts) {
      if (mount.Type !== 'bind' && mount.Type !== 'volume') continue;
      const { anonymous: _, copyUp: __, ...shared } = mount;
      inherited.push({ ...shared, RW: mount.RW && !readOnly, ...(mode !== '' && { Mode: mode }) });
    }
  }
  return inherited;
}

async function resolveBind(bind: BindSpec, hostConfig: HostConfig, claims: MountClaims): Promise<ContainerMount> {
  const { source, target, mode } = bind;
  if (source?.startsWith('/')) {
    return {
      Type: 'bind',
      Source: source,
      Destination: target,
      Mode: mode.text,
      RW: !mode.readOnly,
      Propagation: mode.propagation || 'rprivate',
      createSource: true,
    };
  }
  const limited = claims.quotas.driverOptions(target);
  const volume = await claims.volumes.ensure(source, {
    ...(hostConfig.VolumeDriver && { driver: hostConfig.VolumeDriver }),
    ...(limited && { driverOpts: limited }),
  });
  claims.quotas.check(target, volume);
  return {
    Type: 'volume',
    Name: volume.Name,
    Source: volume.Mountpoint,
    Destination: target,
    Driver: volume.Driver,
    Mode: mode.text || (source === undefined ? '' : 'z'),
    RW: !mode.readOnly,
    Propagation: '',
    ...(source === undefined && { anonymous: true }),
    ...(!mode.noCopy && { copyUp: true }),
  };
}

async function resolveMount(mount: Mount, hostConfig: HostConfig, claims: MountClaims): Promise<ContainerMount> {
  const common = { Destination: posix.resolve(mount.Target ?? '/'), RW: !mount.ReadOnly, Mode: '' };
  if (mount.Type === 'tmpfs') {
    return { ...common, Type: 'tmpfs', Source: '', Propagation: '', options: tmpfsOptions(mount) };
  }
  if (mount.Type === 'bind') {
    const { BindOptions: options = {} } = mount;
    return {
      ...common,
      Type: 'bind',
      Source: posix.resolve(mount.Source ?? ''),
      Propagation: options.Propagation || 'rprivate',
      ...(options.NonRecursive && { nonRecursive: true }),
      ...(options.CreateMountpoint && { createSource: true }),
      ...(options.ReadOnlyNonRecursive && { readOnlyRecursive: false }),
      ...(options.ReadOnlyForceRecursive && { readOnlyRecursive: true }),
    };
  }
  const { NoCopy, Labels, Subpath, DriverConfig } = mount.VolumeOptions ?? {};
  const driver = DriverConfig?.Name || hostConfig.VolumeDriver;
  const limited = claims.quotas.driverOptions(common.Destination);
  const volume = await claims.volumes.ensure(mount.Source || undefined, {
    ...(driver && { driver }),
    ...((DriverConfig?.Options || limited) && { driverOpts: { ...DriverConfig?.Options, ...limited } }),
    ...(Labels && { labels: Labels }),
  });
  claims.quotas.check(common.Destination, volume);
  return {
    ...common,
    Type: 'volume',
    Name: volume.Name,
    Source: volume.Mountpoint,
    Driver: volume.Driver,
    Mode: mount.Source && NAME_PATTERN.test(mount.Source) ? 'z' : '',
    Propagation: '',
    ...(!mount.Source && { anonymous: true }),
    ...(!NoCopy && !Subpath && { copyUp: true }),
    ...(Subpath && { subpath: posix.normalize(Subpath) }),
  };
}

function tmpfsOptions(mount: Mount): string[] {
  const { SizeBytes: size, Mode: mode, Options: more = [] } = mount.TmpfsOptions ?? {};
  return mergeTmpfsOptions([
    ...more.map((pair) => pair.join('=')),
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...(mount.ReadOnly ? ['ro'] : []),
  ]);
}
