import type { ContainerConfig, ContainerUpgradeRequest } from '@pouch/api';
import { newId, PouchError } from '@pouch/base';
import type { ContainerImage } from '../../image/image-service.ts';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { Container } from '../container.ts';
import type { ContainerGeneration, ContainerMount } from '../container-record.ts';
import { mergeConfig, mergeEnv, validateConfig } from '../create/index.ts';
import { runsServices } from '../rich/index.ts';
import { unmergeConfig } from './unmerge-config.ts';

const PARTS = [
  'imageId',
  'imageReference',
  'manifestDigest',
  'chainId',
  'platform',
  'config',
  'path',
  'args',
  'mounts',
] as const;

/** Parts that a container may be without. */
const OPTIONAL_PARTS = ['init', 'manifestSize', 'manifestType'] as const;

/** What a container is of its image now. */
export function generationOf(container: Container): ContainerGeneration {
  const { record, snapshotKey } = container;
  const present = [...PARTS, ...OPTIONAL_PARTS].filter((key) => record[key] !== undefined);
  const parts = Object.fromEntries(present.map((key) => [key, record[key]])) as Omit<
    ContainerGeneration,
    'snapshotKey'
  >;
  return { ...structuredClone(parts), snapshotKey };
}

/** Make a container one of another image. Only in memory: the caller stores it with what else changes at once. */
export function become(container: Container, generation: ContainerGeneration): void {
  const { record } = container;
  for (const key of OPTIONAL_PARTS) delete record[key];
  Object.assign(record, structuredClone(generation));
  container.rootfs = undefined;
}

/** The container as it is to be with another image: what the user asked at its creation over the new image's defaults. */
export function nextGeneration(
  container: Container,
  request: ContainerUpgradeRequest,
  images: { readonly old: ContainerImage; readonly new: ContainerImage },
): ContainerGeneration {
  const { record } = container;
  const user = unmergeConfig(record.config, images.old.config.config);
  if (request.Cmd?.length) user.Cmd = [...request.Cmd];
  if (request.Entrypoint?.length) user.Entrypoint = [...request.Entrypoint];
  if (request.Env?.length) user.Env = mergeEnv(request.Env, user.Env ?? []);
  const config: ContainerConfig = { ...mergeConfig(user, images.new.config.config), Image: request.Image ?? '' };
  validateConfig(config);
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [path, ...args] = words.length === 0 && runsServices({ config }) ? ['/sbin/init'] : words;
  if (path === undefined || path === '')
    throw new PouchError('invalid-argument', `${request.Image} has no command, and none was given`);
  return {
    imageId: images.new.id,
    imageReference: request.Image ?? '',
    manifestDigest: images.new.manifestDigest,
    ...(images.new.manifestSize !== undefined && { manifestSize: images.new.manifestSize }),
    ...(images.new.manifestType !== undefined && { manifestType: images.new.manifestType }),
    chainId: images.new.chainId,
    platform: images.new.platform,
    config,
    path,
    args,
    mounts: structuredClone(record.mounts),
    snapshotKey: `${record.id}-${newId().slice(0, 12)}`,
  };
}

/** Volumes that the new image declares and the container does not have yet; their names. */
export async function addImageVolumes(generation: ContainerGeneration, volumes: VolumeService): Promise<string[]> {
  const taken = new Set(generation.mounts.map(({ Destination }) => Destination));
  const made: string[] = [];
  for (const path of Object.keys(generation.config.Volumes ?? {})) {
    if (taken.has(path)) continue;
    const volume = await volumes.ensure(undefined, { anonymous: true });
    made.push(volume.Name);
    const mount: ContainerMount = {
      Type: 'volume',
      Name: volume.Name,
      Source: volume.Mountpoint,
      Destination: path,
      Driver: volume.Driver,
      Mode: '',
      RW: true,
      Propagation: '',
      anonymous: true,
      copyUp: true,
    };
    generation.mounts.push(mount);
  }
  return made;
}
