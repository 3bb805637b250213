export type { MountedVolume, VolumeEnsureOptions, VolumeService } from './volume-service.ts';
export type { DriverVolume, VolumeDriver } from './volume-driver.ts';
export { VolumeManager, type VolumeManagerDependencies, type VolumeManagerOptions } from './volume-manager.ts';
export type { VolumeRecord } from './volume-record.ts';
