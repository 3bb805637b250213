import type { Logger } from '@pouch/base';
import type { RecordTable } from '../store/record-table.ts';
import type { VolumeDriver } from './volume-driver.ts';
import type { VolumeDrivers } from './volume-drivers.ts';
import type { VolumeRecord } from './volume-record.ts';

export interface ReconcileContext {
  readonly records: RecordTable<VolumeRecord>;
  readonly drivers: VolumeDrivers;
  /** Drivers of this host, whose volumes must match the records one to one. */
  readonly local: readonly VolumeDriver[];
  readonly liveContainerIds: ReadonlySet<string>;
  readonly log: Logger;
  readonly release: (record: VolumeRecord, containerId: string) => Promise<void>;
}

/**
 * After a crash: drop records whose volume was never made, take up volumes without a record (from a restored disk, say),
 * keep the mounts of containers that run, and unmount for those that do not.
 */
export async function reconcileVolumes(context: ReconcileContext): Promise<void> {
  const { records, local, log } = context;
  for (const driver of local) {
    const there = new Map((await driver.list()).map((volume) => [volume.name, volume]));
    for (const { value: record } of records.all()) {
      if (record.driver !== driver.name || there.has(record.name)) continue;
      records.delete(record.name);
      log.warn('volume dropped: it has no directory', { volume: record.name });
    }
    for (const { name, createdAt } of there.values()) {
      if (records.get(name)) continue;
      const record = {
        name,
        driver: driver.name,
        options: {},
        labels: {},
        anonymous: false,
        scope: 'local',
        users: [],
      } as const;
      records.put(name, { ...record, createdAt: createdAt ?? new Date().toISOString() });
      log.warn('volume taken up: it had no record', { volume: name });
    }
  }
  for (const { value: record } of records.all()) await reconcileUsers(record, context);
}

async function reconcileUsers(record: VolumeRecord, context: ReconcileContext): Promise<void> {
  for (const containerId of record.users) {
    try {
      const driver = await context.drivers.get(record.driver);
      if (context.liveContainerIds.has(containerId)) await driver.adopt(record.name, containerId);
    } catch (error) {
      context.log.warn('volume not taken up', { volume: record.name, container: containerId, error });
    }
  }
  for (const containerId of record.users.filter((id) => !context.liveContainerIds.has(id))) {
    try {
      await context.release(record, containerId);
    } catch (error) {
      context.log.warn('volume not unmounted', { volume: record.name, container: containerId, error });
    }
  }
}
