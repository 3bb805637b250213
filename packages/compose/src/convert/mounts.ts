import type { HostConfig, Mount } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Project, ProjectFile, Service } from '../project/project.ts';
import type { FileReference, ServiceVolume } from '../schema/service-parts.ts';

/** A secret or config whose content is put into the container before it starts. */
export interface InjectedFile {
  /** In the container, absolute. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface MountPlan {
  readonly binds: string[];
  readonly mounts: Mount[];
  readonly tmpfs: NonNullable<HostConfig['Tmpfs']>;
  readonly injected: InjectedFile[];
}

/**
 * Everything that is mounted in, or put into, a service's container. `inherited` names the volume at a target of an
 * anonymous volume, which goes over to the container that takes another's place.
 */
export function mountsOf(project: Project, service: Service, inherited: ReadonlyMap<string, string>): MountPlan {
  const plan: MountPlan = { binds: [], mounts: [], tmpfs: {}, injected: [] };
  for (const volume of service.volumes ?? []) addVolume(plan, project, service, volume, inherited);
  for (const text of service.tmpfs ?? []) {
    const at = text.indexOf(':');
    plan.tmpfs[at < 0 ? text : text.slice(0, at)] = at < 0 ? '' : text.slice(at + 1);
  }
  for (const reference of service.secrets ?? []) {
    addFile(plan, project, service, reference, project.secrets.get(reference.source ?? ''), '/run/secrets/');
  }
  for (const reference of service.configs ?? []) {
    addFile(plan, project, service, reference, project.configs.get(reference.source ?? ''), '/');
  }
  const taken = new Set([...plan.mounts.map((mount) => mount.Target), ...Object.keys(plan.tmpfs)]);
  for (const [target, name] of inherited) {
    if (!taken.has(target)) plan.mounts.push({ Type: 'volume', Source: name, Target: target });
  }
  return plan;
}

function addVolume(
  plan: MountPlan,
  project: Project,
  service: Service,
  volume: ServiceVolume,
  inherited: ReadonlyMap<string, string>,
): void {
  const { type, source = '', target = '', read_only: readOnly = false, bind } = volume;
  if (type === 'npipe' || type === 'cluster') {
    throw new PouchError('unsupported', `services.${service.name}: volumes of type ${type} are not for this host`);
  }
  if (type === 'bind' && bind?.selinux) {
    // Only this older notation carries the labels of SELinux.
    const options = [readOnly ? 'ro' : 'rw', bind.selinux, ...(bind.propagation ? [bind.propagation] : [])];
    plan.binds.push(`${source}:${target}:${options.join(',')}`);
    return;
  }
  const base = { Type: type ?? 'volume', Target: target, ...(readOnly && { ReadOnly: true }) };
  const name = project.volumes.get(source)?.name ?? source;
  switch (type) {
    case 'bind':
      plan.mounts.push({ ...base, Source: source, BindOptions: bindOptions(bind) });
      break;
    case 'tmpfs':
      plan.mounts.push({
        ...base,
        TmpfsOptions: {
          ...(volume.tmpfs?.size !== undefined && { SizeBytes: volume.tmpfs.size }),
          ...(volume.tmpfs?.mode !== undefined && { Mode: volume.tmpfs.mode }),
        },
      });
      break;
    case 'image':
      plan.mounts.push({
        ...base,
        Source: source,
        ...(volume.image?.subpath && { ImageOptions: { Subpath: volume.image.subpath } }),
      });
      break;
    default:
      plan.mounts.push({
        ...base,
        Source: source === '' ? (inherited.get(target) ?? '') : name,
        VolumeOptions: {
          ...(volume.volume?.nocopy && { NoCopy: true }),
          ...(volume.volume?.subpath && { Subpath: volume.volume.subpath }),
          ...(volume.volume?.labels && { Labels: { ...volume.volume.labels } }),
        },
      });
  }
}

function bindOptions(bind: ServiceVolume['bind']): NonNullable<Mount['BindOptions']> {
  return {
    CreateMountpoint: bind?.create_host_path ?? true,
    ...(bind?.propagation && { Propagation: bind.propagation }),
    ...(bind?.recursive === 'disabled' && { NonRecursive: true }),
    ...(bind?.recursive === 'writable' && { ReadOnlyNonRecursive: true }),
    ...(bind?.recursive === 'readonly' && { ReadOnlyForceRecursive: true }),
  };
}

function addFile(
  plan: MountPlan,
  project: Project,
  service: Service,
  reference: FileReference,
  definition: ProjectFile | undefined,
  directory: string,
): void {
  if (!definition) return;
  const name = reference.target ?? reference.source ?? definition.key;
  const target = name.startsWith('/') ? name : `${directory}${name}`;
  if (definition.file !== undefined) {
    plan.mounts.push({
      Type: 'bind',
      Source: definition.file,
      Target: target,
      ReadOnly: true,
      BindOptions: { CreateMountpoint: false },
    });
    return;
  }
  const text = definition.content ?? project.variables.get(definition.environment ?? '');
  if (text === undefined) {
    throw new PouchError(
      'invalid-argument',
      `services.${service.name} needs '${definition.key}', and the environment variable ${definition.environment} is not set`,
    );
  }
  plan.injected.push({
    path: target,
    content: Buffer.from(text),
    mode: reference.mode ?? 0o444,
    uid: Number(reference.uid ?? 0) || 0,
    gid: Number(reference.gid ?? 0) || 0,
  });
}
