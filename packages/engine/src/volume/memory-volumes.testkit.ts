import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Volume, VolumeListResponse, VolumePruneResponse } from '@pouch/api';
import { newId, PouchError } from '@pouch/base';
import type { MountedVolume, VolumeEnsureOptions, VolumeService } from './volume-service.ts';

/** Volumes as plain directories, for tests of what uses them. */
export class MemoryVolumes implements VolumeService {
  readonly made = new Map<string, Volume>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async create({ Name }: { Name?: string }): Promise<Volume> {
    return await this.ensure(Name, {});
  }

  async ensure(name: string = newId(), options: VolumeEnsureOptions): Promise<Volume> {
    const found = this.made.get(name);
    if (found) return found;
    const path = join(this.#root, name);
    mkdirSync(path, { recursive: true });
    const volume: Volume = {
      Name: name,
      Driver: options.driver ?? 'local',
      Mountpoint: path,
      Labels: { ...options.labels },
      Options: { ...options.driverOpts },
      Scope: 'local',
    };
    this.made.set(name, volume);
    return volume;
  }

  async keep(): Promise<void> {}

  async inspect(name: string): Promise<Volume> {
    const volume = this.made.get(name);
    if (!volume) throw new PouchError('not-found', `get ${name}: no such volume`);
    return volume;
  }

  async list(): Promise<VolumeListResponse> {
    return { Volumes: [...this.made.values()], Warnings: null };
  }

  async remove(name: string): Promise<void> {
    await this.inspect(name);
    this.made.delete(name);
    rmSync(join(this.#root, name), { recursive: true });
  }

  async prune(): Promise<VolumePruneResponse> {
    return { VolumesDeleted: [], SpaceReclaimed: 0 };
  }

  async mount(name: string): Promise<MountedVolume> {
    const { Driver, Mountpoint } = await this.inspect(name);
    return { name, driver: Driver, path: Mountpoint };
  }

  async mountSubpath(name: string, _containerId: string, subpath: string): Promise<MountedVolume> {
    const mounted = await this.mount(name);
    return { ...mounted, path: join(mounted.path, subpath) };
  }

  async copyUp(): Promise<boolean> {
    return false;
  }

  async unmount(): Promise<void> {}

  async usage(): Promise<number> {
    return -1;
  }

  async reconcile(): Promise<void> {}
}
