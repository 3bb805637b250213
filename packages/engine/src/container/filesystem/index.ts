export {
  ContainerFilesystem,
  type ContainerFilesystemDependencies,
  type ContainerFilesystemOptions,
  type PutArchiveOptions,
  type RootfsHandle,
} from './container-filesystem.ts';
export type { ContainerSizes } from './snapshot-sizes.ts';
