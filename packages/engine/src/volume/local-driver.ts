import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, errorMessage, exec, KeyedMutex, PouchError, writeFileAtomic } from '@pouch/base';
import { mount, mountsBelow, readMounts, unmount } from '@pouch/linux';
import type { QuotaService } from '../quota/quota-service.ts';
import { type LocalMount, type LocalQuota, parseLocalOptions, parseLocalQuota } from './local-options.ts';
import type { DriverVolume, VolumeDriver } from './volume-driver.ts';

export interface LocalDriverOptions {
  /** The directory that holds a directory per volume: `<root>/<name>/_data`. */
  readonly root: string;
  /** For volumes with a size; absent: there can be none. */
  readonly quotas?: QuotaService | undefined;
}

interface StoredOptions {
  readonly createdAt: string;
  readonly options: Readonly<Record<string, string>>;
  /** The set that limits it. */
  readonly quota?: number;
}

/** What a removal or a create that was cut off leaves; swept by `sweep`. */
const SCRATCH = '.scratch-';

/**
 * Volumes as directories of this host. With options (type, o, device) the directory is a mount point, and what is to be
 * seen there is mounted with the first user and unmounted with the last.
 */
export class LocalDriver implements VolumeDriver {
  readonly name: string = 'local';
  readonly #root: string;
  readonly #quotas: QuotaService | undefined;
  readonly #users = new Map<string, Set<string>>();
  readonly #lock = new KeyedMutex();

  constructor(options: LocalDriverOptions) {
    this.#root = options.root;
    this.#quotas = options.quotas;
  }

  async scope(): Promise<'local'> {
    return 'local';
  }

  async create(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    const limit = this.quotaOf(options);
    if (!limit) this.parseOptions(options);
    await this.#lock.run(name, async () => {
      if (await this.#stored(name)) return;
      await mkdir(this.#root, { recursive: true, mode: 0o701 });
      const scratch = this.#scratch();
      await mkdir(join(scratch, '_data'), { recursive: true, mode: 0o755 });
      const quota = limit && this.#reserve(name, limit);
      const stored: StoredOptions = {
        createdAt: new Date().toISOString(),
        options: { ...options },
        ...(quota !== undefined && { quota }),
      };
      await writeFileAtomic(join(scratch, 'volume.json'), `${JSON.stringify(stored)}\n`, 0o600);
      // A directory without volume.json is none of ours, or half removed.
      await rename(scratch, this.#directory(name)).catch(async (error: unknown) => {
        await rm(scratch, { recursive: true, force: true });
        if (quota !== undefined) await this.#quotas?.leave(quota, memberName(name));
        throw new PouchError('conflict', `Cannot create the volume's directory: ${errorMessage(error)}`, {
          cause: error,
        });
      });
    });
  }

  async remove(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const stored = await this.#stored(name);
      if (!stored) throw new PouchError('not-found', `get ${name}: no such volume`);
      if (this.#users.get(name)?.size) throw new PouchError('conflict', `remove ${name}: volume is mounted`);
      await this.#unmountOwn(name);
      // Nothing of another file system may be deleted through a mount that someone else has made.
      const [foreign] = mountsBelow(await readMounts(), this.#directory(name));
      if (foreign)
        throw new PouchError('conflict', `remove ${name}: ${foreign.mountPoint} is a mount point: unmount it first`);
      const scratch = this.#scratch();
      await rename(this.#directory(name), scratch);
      await rm(scratch, { recursive: true, force: true });
      if (stored.quota !== undefined) await this.#quotas?.leave(stored.quota, memberName(name));
    });
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    const stored = await this.#stored(name);
    if (!stored) return undefined;
    const { createdAt, quota } = stored;
    return { name, path: this.#data(name), createdAt, ...(quota !== undefined && { status: { 'quota-id': quota } }) };
  }

  async list(): Promise<DriverVolume[]> {
    const names = await readdir(this.#root).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    });
    const found = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => this.get(name)));
    return found.filter((volume) => volume !== undefined);
  }

  async mount(name: string, userId: string): Promise<string> {
    return await this.#lock.run(name, async () => {
      const stored = await this.#stored(name);
      if (!stored) throw new PouchError('not-found', `get ${name}: no such volume`);
      const data = this.#data(name);
      const wanted = stored.quota === undefined ? this.parseOptions(stored.options) : undefined;
      if (stored.quota !== undefined) await this.#quotas?.place(stored.quota, memberName(name));
      if (wanted && !(await this.#isMounted(name))) await mountLocal(wanted, data);
      this.#addUser(name, userId);
      return data;
    });
  }

  async unmount(name: string, userId: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const users = this.#users.get(name);
      users?.delete(userId);
      if (users && users.size > 0) return;
      this.#users.delete(name);
      await this.#unmountOwn(name);
    });
  }

  async adopt(name: string, userId: string): Promise<void> {
    await this.#lock.run(name, async () => this.#addUser(name, userId));
  }

  /** Counted by du(1), each hard-linked file once, other file systems left out. */
  async usage(name: string): Promise<number> {
    const stored = await this.#stored(name);
    if (!stored) return -1;
    const limited =
      stored.quota === undefined ? undefined : await this.#quotas?.directory(stored.quota, memberName(name));
    const args = ['-s', '-x', '--apparent-size', '--block-size=1', '--', limited ?? this.#data(name)];
    const { stdout } = await exec('du', args, { allowFailure: true, timeout: 300_000 });
    const bytes = Number(/^\d+/.exec(stdout)?.[0] ?? Number.NaN);
    return Number.isNaN(bytes) ? -1 : bytes;
  }

  /** Remove what a crash left half-made or half-removed. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(SCRATCH))) {
      await rm(join(this.#root, name), { recursive: true, force: true });
    }
  }

  /** What a driver built on this one reads differently. */
  protected parseOptions(options: Readonly<Record<string, string>>): LocalMount | undefined {
    return parseLocalOptions(options);
  }

  /** The limit on a volume's size; a driver built on this one may have none. */
  protected quotaOf(options: Readonly<Record<string, string>>): LocalQuota | undefined {
    return parseLocalQuota(options);
  }

  /** The set that the volume is in from now on. */
  #reserve(name: string, { id, ...limits }: LocalQuota): number {
    if (!this.#quotas) throw new PouchError('unsupported', 'this daemon cannot limit the size of volumes.');
    const set = this.#quotas.reserve(limits, id);
    this.#quotas.enlist(set.id, memberName(name), this.#data(name));
    return set.id;
  }

  #addUser(name: string, userId: string): void {
    const users = this.#users.get(name) ?? new Set<string>();
    this.#users.set(name, users.add(userId));
  }

  async #unmountOwn(name: string): Promise<void> {
    if (await this.#isMounted(name)) await unmount([this.#data(name)], { lazy: true });
    const quota = this.#quotas && (await this.#stored(name))?.quota;
    if (quota !== undefined) await this.#quotas?.displace(quota, memberName(name));
  }

  async #isMounted(name: string): Promise<boolean> {
    const data = this.#data(name);
    return (await readMounts()).some((each) => each.mountPoint === data);
  }

  async #stored(name: string): Promise<StoredOptions | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory(name), 'volume.json'), 'utf8')) as StoredOptions;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined;
      throw new PouchError('data-loss', `The record of volume ${name} cannot be read: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }

  #directory(name: string): string {
    return join(this.#root, name);
  }

  #data(name: string): string {
    return join(this.#root, name, '_data');
  }

  #scratch(): string {
    return join(this.#root, SCRATCH + randomBytes(8).toString('hex'));
  }
}

function memberName(volume: string): string {
  return `volume-${volume}`;
}

async function mountLocal({ type, device, options }: LocalMount, target: string): Promise<void> {
  try {
    if (options.includes('bind') || options.includes('rbind')) await stat(device);
    await mount({ type, source: device, target, options });
  } catch (error) {
    throw new PouchError('invalid-argument', `failed to mount local volume: ${device}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
