import { statSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { helpers, isErrorCode, KeyedMutex, type Logger, PouchError } from '@pouch/base';
import { type QuotaDriver, type QuotaLimits, type QuotaProbe, readMounts, unmount } from '@pouch/linux';
import type { RecordTable } from '../store/record-table.ts';
import type { QuotaService, QuotaSet, QuotaSetUsage } from './quota-service.ts';

export interface QuotaManagerDependencies {
  readonly probe: QuotaProbe;
  readonly records: RecordTable<QuotaSet>;
  readonly logger: Logger;
}

/** Project ids below are left to administrators, as alibaba/pouch did. */
const FIRST_ID = 16_777_216;
const LAST_ID = 2_147_483_647;
/** Bytes of room to mount an overlay in. */
const ROOM = 2 << 20;
/** Milliseconds after the start in which helper programs of a daemon that was killed may still be at work. */
const AFTERMATH = 60_000;

/** Sets of limited directories: recorded before they are made, swept when nobody has them any more. */
export class QuotaManager implements QuotaService {
  readonly #probe: QuotaProbe;
  readonly #records: RecordTable<QuotaSet>;
  readonly #logger: Logger;
  readonly #mutex = new KeyedMutex();
  readonly #sets: Map<number, QuotaSet>;
  /** Where places that were opened are; '' is one that was never used. Others may be in any state. */
  readonly #roots = new Map<number, string>();
  #next = FIRST_ID;

  constructor(dependencies: QuotaManagerDependencies) {
    this.#probe = dependencies.probe;
    this.#records = dependencies.records;
    this.#logger = dependencies.logger;
    this.#sets = new Map(this.#records.all().map(({ value }) => [value.id, value]));
  }

  get missing(): string | undefined {
    return this.#probe.driver ? undefined : this.#probe.reason;
  }

  get bypass(): string | undefined {
    return this.#probe.driver?.bypass;
  }

  /** Where all is as it was, take up again what is needed; take away what nobody has. `isKnown` tells of members. */
  async start(isKnown: (member: string) => boolean): Promise<void> {
    const driver = this.#probe.driver;
    for (const { id, members } of [...this.#sets.values()]) {
      try {
        for (const member of Object.keys(members)) if (!isKnown(member)) await this.leave(id, member);
        await this.discard(id);
      } catch (error) {
        this.#logger.warn('a disk quota that nobody has stays', { quota: id, error });
      }
    }
    await driver?.sweep();
    await this.#removeUnknown();
    setTimeout(() => {
      this.#removeUnknown().catch((error: unknown) => this.#logger.debug('no second look at disk quotas', { error }));
    }, AFTERMATH).unref();
    // A limit that was lifted when the last daemon ended.
    for (const set of this.#sets.values()) {
      if (driver && driver.name !== 'loop') await driver.open(set.id, set);
    }
  }

  async #removeUnknown(): Promise<void> {
    const driver = this.#probe.driver;
    for (const id of (await driver?.list()) ?? []) {
      if (this.#sets.has(id)) continue;
      await driver?.remove(id).catch((error: unknown) => {
        this.#logger.warn('a place without a disk quota stays', { quota: id, error });
      });
    }
  }

  reserve(limits: QuotaLimits, id?: number): QuotaSet {
    const driver = this.#driver();
    const { bytes, inodes } = limits;
    if (inodes !== undefined && !driver.limitsInodes) {
      throw new PouchError('unsupported', `the disk quota driver ${driver.name} cannot limit inodes.`);
    }
    const known = id === undefined ? undefined : this.#sets.get(id);
    if (known) {
      if (known.bytes === bytes && known.inodes === inodes) return known;
      throw new PouchError('conflict', `quota id ${id} is in use with another size: ${known.bytes} bytes`);
    }
    const set = { id: id ?? this.#freeId(), bytes, ...(inodes !== undefined && { inodes }), members: {} };
    this.#roots.set(set.id, '');
    return this.#put(set);
  }

  async discard(id: number): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const set = this.#sets.get(id);
      if (!set || Object.keys(set.members).length > 0) return;
      await this.#driver().remove(id);
      this.#sets.delete(id);
      this.#roots.delete(id);
      this.#records.delete(String(id));
    });
  }

  enlist(id: number, member: string, target: string): void {
    const set = this.#get(id);
    if (set.members[member] !== target) this.#put({ ...set, members: { ...set.members, [member]: target } });
  }

  async place(id: number, member: string, furnish?: (directory: string) => Promise<void>): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const set = this.#get(id);
      const target = set.members[member];
      if (target === undefined) throw new PouchError('internal', `${member} does not belong to quota ${id}`);
      if (await this.#isPlaced(id, member, target)) return;
      const root = await this.#driver().open(id, set);
      this.#roots.set(id, root);
      const directory = join(root, member);
      // Whole or not at all: a crash half-way leaves nothing that looks furnished.
      const scratch = join(root, `.new-${member}`);
      if (!(await isDirectory(directory))) {
        await rm(scratch, { recursive: true, force: true });
        await mkdir(scratch, { mode: 0o755 });
        await furnish?.(scratch);
        await rename(scratch, directory);
      }
      await bindPrivately(directory, target);
    });
  }

  async displace(id: number, member: string): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const target = this.#sets.get(id)?.members[member];
      if (target !== undefined) await detach(target);
      await this.#rest(id);
    });
  }

  async leave(id: number, member: string): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const set = this.#sets.get(id);
      const target = set?.members[member];
      if (!set || target === undefined) return;
      await detach(target);
      const { [member]: _gone, ...others } = set.members;
      if (Object.keys(others).length === 0) {
        await this.#driver().remove(id);
        this.#sets.delete(id);
        this.#roots.delete(id);
        this.#records.delete(String(id));
        return;
      }
      await rm(join(await this.#driver().open(id, set), member), { recursive: true, force: true });
      this.#put({ ...set, members: others });
    });
  }

  async directory(id: number, member: string): Promise<string> {
    return await this.#mutex.run(String(id), async () => join(await this.#driver().open(id, this.#get(id)), member));
  }

  async resize(id: number, limits: QuotaLimits): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const set = this.#get(id);
      const wanted = { bytes: limits.bytes, ...(limits.inodes !== undefined && { inodes: limits.inodes }) };
      const driver = this.#driver();
      const same = set.inodes === wanted.inodes ? { bytes: wanted.bytes } : wanted;
      try {
        await driver.resize(id, driver.name === 'loop' ? same : wanted);
      } catch (error) {
        if (!isErrorCode(error, 'unsupported', 'conflict')) throw error;
        await this.#resizeIdle(set, same, error);
      }
      this.#put({ ...set, ...wanted });
    });
  }

  async withRoom<T>(id: number, work: () => Promise<T>): Promise<T> {
    const driver = this.#driver();
    // A file system of its own frees the old directory's block before it makes the new one.
    if (driver.name === 'loop') return await work();
    const { bytes, inodes } = this.#get(id);
    await driver.resize(id, { bytes: bytes + ROOM, ...(inodes !== undefined && { inodes: inodes + 16 }) });
    try {
      return await work();
    } finally {
      await driver.resize(id, this.#get(id));
    }
  }

  find(id: number): QuotaSet | undefined {
    return this.#sets.get(id);
  }

  async usage(id: number): Promise<QuotaSetUsage | undefined> {
    return this.#sets.has(id) ? await this.#probe.driver?.usage(id) : undefined;
  }

  /** With its members off their targets, where that is possible; the driver refuses while something still uses it. */
  async #resizeIdle(set: QuotaSet, limits: QuotaLimits, cause: unknown): Promise<void> {
    const mounted: string[] = [];
    for (const target of Object.values(set.members)) if (await isMounted(target)) mounted.push(target);
    const members = Object.entries(set.members).filter(([, target]) => mounted.includes(target));
    await unmount(mounted);
    const root = await this.#driver().open(set.id, set);
    try {
      await this.#driver().resize(set.id, limits);
    } catch (error) {
      // Still in use: then the first answer is the one that helps.
      throw isErrorCode(error, 'conflict') && /in use/.test(error.message) ? cause : error;
    } finally {
      await this.#driver().open(set.id, set);
      for (const [member, target] of members) {
        await bindPrivately(join(root, member), target);
      }
    }
  }

  /** By what the target shows where that is known: the table of mounts is long, and a start is short. */
  async #isPlaced(id: number, member: string, target: string): Promise<boolean> {
    const root = this.#roots.get(id);
    if (root === '') return false;
    return root === undefined ? await isMounted(target) : isSameDirectory(join(root, member), target);
  }

  /** Nothing of it is mounted: the host gets back what it holds. */
  async #rest(id: number): Promise<void> {
    await this.#probe.driver?.close(id).catch((error: unknown) => {
      if (!isErrorCode(error, 'conflict')) throw error;
    });
  }

  #driver(): QuotaDriver {
    if (this.#probe.driver) return this.#probe.driver;
    throw new PouchError('unsupported', `this host has no disk quota driver: ${this.#probe.reason}.`);
  }

  #get(id: number): QuotaSet {
    const set = this.#sets.get(id);
    if (!set) throw new PouchError('not-found', `there is no quota ${id}`);
    return set;
  }

  #put(set: QuotaSet): QuotaSet {
    this.#records.put(String(set.id), set);
    this.#sets.set(set.id, set);
    return set;
  }

  #freeId(): number {
    for (; this.#next <= LAST_ID; this.#next += 1) if (!this.#sets.has(this.#next)) return this.#next++;
    throw new PouchError('unavailable', 'all quota ids are taken');
  }
}

/** One helper of the shell that stays: a fork of this process takes longer than the mount. */
async function bindPrivately(source: string, target: string): Promise<void> {
  await helpers.run('mount', ['-n', '--no-canonicalize', '--bind', '--make-private', source, target]);
}

async function detach(target: string): Promise<void> {
  if (await isMounted(target)) await helpers.run('umount', ['-n', '--no-canonicalize', '--lazy', '--', target]);
}

async function isMounted(path: string): Promise<boolean> {
  return (await readMounts()).some(({ mountPoint }) => mountPoint === path);
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isSameDirectory(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}
