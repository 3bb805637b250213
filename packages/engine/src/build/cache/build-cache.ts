import { createHash } from 'node:crypto';
import type { BuildCache as BuildCacheItem } from '@pouch/api';
import { formatTime, isErrorCode } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import { LruMap } from '../../image/lru-map.ts';
import type { Database } from '../../store/database.ts';
import type { StepResult } from '../build-state.ts';
import { BuildCacheTable, type CacheRecord } from './build-cache-table.ts';

/** On blobs and snapshots that a record holds: containerd's collector takes them for roots. */
const ROOT_LABEL = 'containerd.io/gc.root';
const OWNER_LABEL = 'io.pouch.build-cache';
const IMAGES_REMEMBERED = 1_000;

export interface BuildCacheDependencies {
  readonly db: Database;
  readonly containerd: ContainerdClient;
  /** Digests of layers' blobs that images have. */
  readonly imageLayers: () => Promise<ReadonlySet<string>>;
}

/** Steps that builds have done, and the layers that they made, which stay until they are pruned. */
export class BuildCache {
  readonly #table: BuildCacheTable;
  readonly #deps: BuildCacheDependencies;
  /** How many builds under way use a record. */
  readonly #inUse = new Map<string, number>();
  /** Images that states were made into. */
  readonly #images = new LruMap<string, string>(IMAGES_REMEMBERED);

  constructor(dependencies: BuildCacheDependencies) {
    this.#table = new BuildCacheTable(dependencies.db);
    this.#deps = dependencies;
  }

  /** Labels for what a record is going to hold, given when it is made. */
  static labels(): Record<string, string> {
    return { [ROOT_LABEL]: new Date().toISOString(), [OWNER_LABEL]: 'layer' };
  }

  find(key: string): CacheRecord | undefined {
    return this.#table.get(key);
  }

  /** Write down a step. */
  add(record: Pick<CacheRecord, 'key' | 'parent' | 'state' | 'description'> & { readonly result: StepResult }): void {
    const { layer, chain } = record.result;
    const now = Date.now();
    this.#table.put({
      ...record,
      layer: layer?.descriptor.digest ?? '',
      chain: layer ? chain : '',
      size: layer?.descriptor.size ?? 0,
      created: now,
      used: now,
      uses: 0,
    });
  }

  /** Hold records against pruning as long as a build uses them. */
  hold(keys: ReadonlySet<string>): Disposable {
    for (const key of keys) this.#inUse.set(key, (this.#inUse.get(key) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const key of keys) {
          const users = (this.#inUse.get(key) ?? 1) - 1;
          if (users === 0) this.#inUse.delete(key);
          else this.#inUse.set(key, users);
        }
      },
    };
  }

  /** The image that a state was made into, if that is remembered. */
  imageOf(state: string): string | undefined {
    return this.#images.get(state);
  }

  noteImage(state: string, id: string): void {
    this.#images.set(state, id);
  }

  isInUse(key: string): boolean {
    return this.#inUse.has(key);
  }

  touch(keys: ReadonlySet<string>): void {
    if (keys.size > 0) this.#table.touch(keys, Date.now());
  }

  records(): CacheRecord[] {
    return this.#table.all();
  }

  /** Bytes of the layers that steps have made, as `items` counts them. */
  size(): number {
    return this.#table.size();
  }

  async items(): Promise<BuildCacheItem[]> {
    const shared = await this.#deps.imageLayers();
    return this.records().map((record) => ({
      ID: record.key,
      ...(record.parent !== '' && { Parents: [record.parent] }),
      Type: 'regular',
      Description: record.description,
      InUse: this.isInUse(record.key),
      Shared: record.layer !== '' && shared.has(record.layer),
      Size: record.size,
      CreatedAt: formatTime(BigInt(record.created) * 1_000_000n),
      LastUsedAt: formatTime(BigInt(record.used) * 1_000_000n),
      UsageCount: record.uses,
    }));
  }

  /** Forget these, and what only they held. */
  async remove(records: readonly CacheRecord[]): Promise<void> {
    if (records.length === 0) return;
    this.#table.delete(records.map(({ key }) => key));
    const left = this.records();
    const blobs = new Set(left.map(({ layer }) => layer));
    const chains = new Set(left.map(({ chain }) => chain));
    for (const { layer, chain } of records) {
      if (layer !== '' && !blobs.has(layer)) await this.#releaseBlob(layer);
      if (chain !== '' && !chains.has(chain)) await this.#releaseSnapshot(chain);
    }
    await this.#collect();
  }

  /** At start: what is held without a record was made by a build that the last daemon did not finish. */
  async reconcile(): Promise<void> {
    const records = this.records();
    const blobs = new Set(records.map(({ layer }) => layer));
    const chains = new Set(records.map(({ chain }) => chain));
    const { content, snapshots } = this.#deps.containerd;
    const filter = [`labels."${OWNER_LABEL}"==layer`];
    let released = 0;
    for await (const { digest } of content.list(filter)) {
      if (blobs.has(digest)) continue;
      await this.#releaseBlob(digest);
      released += 1;
    }
    for await (const { name, kind } of snapshots.list(filter)) {
      if (kind !== 'committed' || chains.has(name)) continue;
      await this.#releaseSnapshot(name);
      released += 1;
    }
    if (released > 0) await this.#collect();
  }

  async #releaseBlob(digest: string): Promise<void> {
    await ignoreMissing(this.#deps.containerd.content.updateLabels(digest, { [ROOT_LABEL]: '', [OWNER_LABEL]: '' }));
  }

  async #releaseSnapshot(chain: string): Promise<void> {
    await ignoreMissing(this.#deps.containerd.snapshots.updateLabels(chain, { [ROOT_LABEL]: '', [OWNER_LABEL]: '' }));
  }

  /** The end of a lease, asked to be synchronous, is what makes containerd collect at once. */
  async #collect(): Promise<void> {
    const { leases } = this.#deps.containerd;
    const { id } = await leases.create({ expiresInMs: 60_000 });
    await leases.delete(id, true, { deadlineMs: 60_000 });
  }
}

/** The key of a step: what it stands on, and everything that decides what comes out. */
export function cacheKey(state: string, parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([state, ...parts]))
    .digest('hex');
}

async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isErrorCode(error, 'not-found')) throw error;
  }
}
