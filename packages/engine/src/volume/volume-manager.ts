import { createHash } from 'node:crypto';
import { readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumePruneResponse } from '@pouch/api';
import { asPouchError, errorMessage, isErrorCode, KeyedMutex, type Logger, newId, PouchError } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import type { EventBus } from '../events/event-bus.ts';
import type { QuotaService } from '../quota/quota-service.ts';
import type { RecordTable } from '../store/record-table.ts';
import { copyUp } from './copy-up.ts';
import { LocalDriver } from './local-driver.ts';
import { PLUGIN_DIRECTORIES, type PluginDirectories } from './plugin-discovery.ts';
import { mountSubpath, removeMountPoint, unmountSubpath } from './subpath.ts';
import { TmpfsDriver } from './tmpfs-driver.ts';
import type { DriverVolume, VolumeDriver } from './volume-driver.ts';
import { VolumeDrivers } from './volume-drivers.ts';
import { type Filters, listFilter, pruneFilter } from './volume-filters.ts';
import { validateVolumeName } from './volume-name.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './volume-record.ts';
import type { MountedVolume, VolumeEnsureOptions, VolumeService } from './volume-service.ts';
import type { Hooks } from '../hooks/hook-points.ts';
import { reconcileVolumes } from './volume-reconcile.ts';

export interface VolumeManagerOptions {
  /** The daemon's data directory: `<root>/volumes` holds local volumes. */
  readonly root: string;
  /** The daemon's runtime directory, for mounts of subpaths. */
  readonly runRoot: string;
  readonly plugins?: PluginDirectories;
}

export interface VolumeManagerDependencies {
  readonly records: RecordTable<VolumeRecord>;
  readonly events: EventBus;
  readonly log: Logger;
  /** Ids of all containers, running or not, that refer to the volume. */
  readonly volumeUsers: (name: string) => readonly string[];
  /** For volumes with a size. */
  readonly quotas?: QuotaService;
  readonly hooks?: Hooks;
}

/** Volumes of every driver under one roof. One change at a time per volume. */
export class VolumeManager implements VolumeService {
  readonly drivers: VolumeDrivers;
  readonly #options: VolumeManagerOptions;
  readonly #deps: VolumeManagerDependencies;
  readonly #lock = new KeyedMutex();
  readonly #local: readonly LocalDriver[];

  constructor(options: VolumeManagerOptions, dependencies: VolumeManagerDependencies) {
    this.#options = options;
    this.#deps = dependencies;
    this.#local = [
      new LocalDriver({ root: join(options.root, 'volumes'), quotas: dependencies.quotas }),
      new TmpfsDriver({ root: join(options.root, 'tmpfs-volumes') }),
    ];
    this.drivers = new VolumeDrivers(this.#local, options.plugins ?? PLUGIN_DIRECTORIES);
  }

  async create(request: VolumeCreateRequest): Promise<Volume> {
    const { Name, Driver, DriverOpts, Labels } = request;
    return await this.ensure(Name || undefined, {
      ...(Driver && { driver: Driver }),
      ...(DriverOpts && { driverOpts: DriverOpts }),
      ...(Labels && { labels: Labels }),
      anonymous: !Name,
    });
  }

  async ensure(name: string = newId(), options: VolumeEnsureOptions): Promise<Volume> {
    validateVolumeName(name);
    return await this.#lock.run(name, async () => {
      const known = this.#deps.records.get(name) ?? (await this.#find(name));
      if (known && (options.driver ?? known.driver) !== known.driver) {
        throw new PouchError(
          'conflict',
          `create ${name}: a volume named "${name}" already exists with the "${known.driver}" driver. Choose a different volume name`,
        );
      }
      if (known) return this.#show(known, await this.#heal(known));
      if (!this.#deps.hooks?.has('volume-create')) return await this.#make(name, options);
      const { request } = await this.#deps.hooks.run('volume-create', { volume: name, request: options });
      return await this.#make(name, request);
    });
  }

  async keep(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const record = this.#deps.records.get(name);
      if (!record?.claimed) return;
      const { claimed: _, ...kept } = record;
      this.#put(await Promise.resolve(kept));
    });
  }

  async inspect(name: string): Promise<Volume> {
    const record = await this.#get(name);
    return this.#show(record, await this.#ask(record));
  }

  async list(filters: Filters): Promise<VolumeListResponse> {
    const passes = listFilter(filters, (name) => this.#deps.volumeUsers(name).length > 0);
    const warnings: string[] = [];
    const records = this.#deps.records.all().map(({ value }) => value);
    const names = new Set(records.map(({ name }) => name));
    const volumes = await Promise.all(
      records.filter(passes).map(async (record) => {
        const asked = await this.#ask(record).catch((error: unknown) => void warnings.push(errorMessage(error)));
        return this.#show(record, asked ?? undefined);
      }),
    );
    for (const plugin of await this.drivers.plugins()) {
      try {
        for (const found of await plugin.list()) {
          const record = foreignRecord(found, plugin.name, await plugin.scope());
          if (!names.has(found.name) && passes(record)) volumes.push(this.#show(record, found));
        }
      } catch (error) {
        if (!isErrorCode(error, 'unsupported')) warnings.push(errorMessage(error));
      }
    }
    return { Volumes: volumes, Warnings: warnings.length > 0 ? warnings : null };
  }

  async remove(name: string, options: { readonly force: boolean }): Promise<void> {
    await this.#lock.run(name, async () => {
      let record: VolumeRecord;
      try {
        record = await this.#get(name);
      } catch (error) {
        if (options.force && isErrorCode(error, 'not-found')) return;
        throw error;
      }
      this.#refuseInUse(record);
      await this.#removeFromDriver(record, options.force);
      this.#deps.records.delete(name);
      this.#deps.events.publish('volume', 'destroy', name, { driver: record.driver });
      this.#deps.log.info('volume removed', { volume: name, driver: record.driver });
    });
  }

  async prune(filters: Filters): Promise<VolumePruneResponse> {
    const passes = pruneFilter(filters);
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const { value: record } of this.#deps.records.all()) {
      if (!passes(record) || this.#deps.volumeUsers(record.name).length > 0 || record.users.length > 0) continue;
      const bytes = await this.usage(record.name).catch(() => 0);
      try {
        await this.remove(record.name, { force: false });
        deleted.push(record.name);
        reclaimed += Math.max(bytes, 0);
      } catch (error) {
        // Taken into use meanwhile, or its plugin does not answer: the others are still to be pruned.
        if (!isErrorCode(error, 'conflict', 'not-found')) {
          this.#deps.log.warn('volume not pruned', { volume: record.name, error });
        }
      }
    }
    this.#deps.events.publish('volume', 'prune', '', { reclaimed: String(reclaimed) });
    return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
  }

  async mount(name: string, containerId: string): Promise<MountedVolume> {
    return await this.#lock.run(name, async () => {
      const record = await this.#get(name);
      const isNew = !record.users.includes(containerId);
      if (isNew) this.#put({ ...record, users: [...record.users, containerId] });
      let path: string;
      try {
        path = await (await this.drivers.get(record.driver)).mount(name, containerId);
      } catch (error) {
        if (isNew) this.#put(record);
        throw error;
      }
      if (isNew) this.#deps.events.publish('volume', 'mount', name, { container: containerId, driver: record.driver });
      return { name, driver: record.driver, path };
    });
  }

  async mountSubpath(name: string, containerId: string, subpath: string): Promise<MountedVolume> {
    const mounted = await this.mount(name, containerId);
    const target = join(this.#subpathDirectory(name, containerId), createHash('sha256').update(subpath).digest('hex'));
    await this.#lock.run(name, async () => {
      await unmountSubpath(target);
      await mountSubpath(mounted.path, subpath, target);
    });
    return { ...mounted, path: target };
  }

  async unmount(name: string, containerId: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const record = this.#deps.records.get(name);
      if (!record?.users.includes(containerId)) return;
      await this.#release(record, containerId);
    });
  }

  async copyUp(name: string, path: string, source: string | readonly string[]): Promise<boolean> {
    return await this.#lock.run(name, async () => {
      const record = this.#deps.records.get(name);
      if (record?.populated) return false;
      const outcome = await copyUp(path, source, { contentOnly: record?.hasOwner ?? false });
      if (record && outcome !== 'nothing') {
        this.#put({ ...record, hasOwner: true, ...(outcome === 'content' && { populated: true }) });
      }
      return outcome === 'content';
    });
  }

  async usage(name: string): Promise<number> {
    const record = await this.#get(name);
    return await (await this.drivers.get(record.driver)).usage(name);
  }

  async reconcile(liveContainerIds: ReadonlySet<string>): Promise<void> {
    for (const driver of this.#local) await driver.sweep();
    await reconcileVolumes({
      records: this.#deps.records,
      drivers: this.drivers,
      local: this.#local,
      liveContainerIds,
      log: this.#deps.log,
      release: async (record, containerId) => await this.#release(record, containerId),
    });
    await this.#settleClaims();
  }

  /** A daemon that died while it made a container left its new volumes with it, or with nobody. */
  async #settleClaims(): Promise<void> {
    for (const { value: record } of this.#deps.records.all()) {
      if (!record.claimed) continue;
      try {
        if (this.#deps.volumeUsers(record.name).length > 0) await this.keep(record.name);
        else await this.remove(record.name, { force: false });
      } catch (error) {
        this.#deps.log.warn('a volume whose container was never made stays', { volume: record.name, error });
      }
    }
  }

  async #make(name: string, options: VolumeEnsureOptions): Promise<Volume> {
    const driver = await this.drivers.get(options.driver ?? 'local').catch((error: unknown) => {
      const known = asPouchError(error);
      throw new PouchError(known.code, `create ${name}: ${known.message}`, { cause: error });
    });
    const { driverOpts = {}, labels = {}, anonymous = false, claimed = false } = options;
    const record: VolumeRecord = {
      name,
      driver: driver.name,
      options: { ...driverOpts },
      labels: anonymous ? { [ANONYMOUS_LABEL]: '', ...labels } : { ...labels },
      anonymous,
      ...(claimed && { claimed }),
      createdAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      scope: await driver.scope(),
      users: [],
    };
    // The record comes first: what a crash leaves is known, and either has its driver's part or is dropped.
    this.#put(record);
    try {
      await driver.create(name, driverOpts);
    } catch (error) {
      this.#deps.records.delete(name);
      if (!(error instanceof PouchError)) throw error;
      throw new PouchError(error.code, `create ${name}: ${error.message}`, { cause: error });
    }
    this.#deps.events.publish('volume', 'create', name, { driver: driver.name });
    this.#deps.log.info('volume created', { volume: name, driver: driver.name });
    return this.#show(record, await driver.get(name));
  }

  /** A volume that its driver has no longer is as good as removed; with force, one whose plugin is gone or refuses, too. */
  async #removeFromDriver(record: VolumeRecord, force: boolean): Promise<void> {
    let driver: VolumeDriver;
    try {
      driver = await this.drivers.get(record.driver);
    } catch (error) {
      if (force && isErrorCode(error, 'not-found')) return;
      throw error;
    }
    try {
      await driver.remove(record.name);
    } catch (error) {
      const tolerated = isErrorCode(error, 'not-found') || (force && isErrorCode(error, 'upstream', 'unavailable'));
      if (!tolerated) throw error;
    }
  }

  async #get(name: string): Promise<VolumeRecord> {
    const record = this.#deps.records.get(name) ?? (await this.#find(name));
    if (!record) throw new PouchError('not-found', `get ${name}: no such volume`);
    return record;
  }

  /** A volume that a plugin has, though it was not made here: from another host, or by the plugin's own tools. */
  async #find(name: string): Promise<VolumeRecord | undefined> {
    for (const plugin of await this.drivers.plugins()) {
      const found = await plugin.get(name).catch(() => undefined);
      if (!found) continue;
      const record = foreignRecord(found, plugin.name, await plugin.scope());
      this.#put(record);
      return record;
    }
    return undefined;
  }

  /** What the driver says; a volume whose part at the driver is missing, after a crash say, is made again. */
  async #heal(record: VolumeRecord): Promise<DriverVolume | undefined> {
    const driver = await this.drivers.get(record.driver);
    const found = await driver.get(record.name);
    if (found) return found;
    await driver.create(record.name, record.options);
    return await driver.get(record.name);
  }

  async #ask(record: VolumeRecord): Promise<DriverVolume | undefined> {
    return await (await this.drivers.get(record.driver)).get(record.name);
  }

  #show(record: VolumeRecord, known: DriverVolume | undefined): Volume {
    return {
      Name: record.name,
      Driver: record.driver,
      Mountpoint: known?.path ?? '',
      Labels: Object.keys(record.labels).length > 0 ? { ...record.labels } : null,
      Options: Object.keys(record.options).length > 0 ? { ...record.options } : null,
      Scope: record.scope,
      CreatedAt: known?.createdAt ?? record.createdAt,
      ...(known?.status && { Status: { ...known.status } }),
    };
  }

  #refuseInUse(record: VolumeRecord): void {
    const users = new Set([...this.#deps.volumeUsers(record.name), ...record.users]);
    if (users.size === 0) return;
    throw new PouchError('conflict', `remove ${record.name}: volume is in use - [${[...users].join(', ')}]`);
  }

  async #release(record: VolumeRecord, containerId: string): Promise<void> {
    const { name } = record;
    await this.#unmountSubpaths(name, containerId);
    const driver: VolumeDriver = await this.drivers.get(record.driver);
    await driver.unmount(name, containerId);
    const now = this.#deps.records.get(name);
    if (now) this.#put({ ...now, users: now.users.filter((id) => id !== containerId) });
    this.#deps.events.publish('volume', 'unmount', name, { container: containerId, driver: record.driver });
  }

  async #unmountSubpaths(name: string, containerId: string): Promise<void> {
    const directory = this.#subpathDirectory(name, containerId);
    await unmountTree(directory);
    // Mount points are empty once unmounted; should one still be mounted, this must not reach into it.
    for (const entry of await readdir(directory).catch(() => [])) await removeMountPoint(join(directory, entry));
    await rmdir(directory).catch(() => {});
    await rmdir(dirname(directory)).catch(() => {});
  }

  #subpathDirectory(name: string, containerId: string): string {
    return join(this.#options.runRoot, 'subpaths', containerId, name);
  }

  #put(record: VolumeRecord): void {
    this.#deps.records.put(record.name, record);
  }
}

function foreignRecord(found: DriverVolume, driver: string, scope: 'local' | 'global'): VolumeRecord {
  return {
    name: found.name,
    driver,
    options: {},
    labels: {},
    anonymous: false,
    createdAt: found.createdAt ?? new Date().toISOString(),
    scope,
    users: [],
  };
}
