import { mkdir, rm } from 'node:fs/promises';
import { exec, PouchError } from '@pouch/base';
import { exists, Places } from './places.ts';
import type { QuotaDriver, QuotaLimits, QuotaUsage } from './quota-driver.ts';

/** Each place is a subvolume with a limit on its quota group. */
export class BtrfsDriver implements QuotaDriver {
  readonly name = 'btrfs';
  readonly bypass = undefined;
  readonly limitsInodes = false;
  readonly #places: Places;
  #enabled: Promise<void> | undefined;

  constructor(options: { readonly root: string }) {
    this.#places = new Places(options.root);
  }

  async open(id: number, limits: QuotaLimits): Promise<string> {
    await (this.#enabled ??= this.#enable());
    const volume = this.#places.volume(id);
    if (!(await exists(volume))) {
      await mkdir(this.#places.directory(id), { recursive: true, mode: 0o711 });
      await exec('btrfs', ['subvolume', 'create', volume]);
    }
    await this.resize(id, limits);
    return volume;
  }

  async resize(id: number, limits: QuotaLimits): Promise<void> {
    if (limits.inodes !== undefined) {
      throw new PouchError('unsupported', 'btrfs has no limit on inodes: set a size, or use the quota driver loop.');
    }
    await exec('btrfs', ['qgroup', 'limit', String(limits.bytes), this.#places.volume(id)]);
  }

  async usage(id: number): Promise<QuotaUsage | undefined> {
    const volume = this.#places.volume(id);
    if (!(await exists(volume))) return undefined;
    // Usage is accounted for with a transaction.
    await exec('btrfs', ['filesystem', 'sync', volume]);
    const { stdout } = await exec('btrfs', ['qgroup', 'show', '--raw', '-f', volume]);
    const line = stdout.split('\n').find((each) => /^\s*0\/\d+\s/.test(each));
    const bytes = Number(line?.trim().split(/\s+/)[1] ?? Number.NaN);
    if (Number.isNaN(bytes)) throw new PouchError('internal', `btrfs qgroup show ${volume} said: ${stdout}`);
    return { bytes };
  }

  async close(): Promise<void> {}

  async remove(id: number): Promise<void> {
    const volume = this.#places.volume(id);
    if (await exists(volume)) {
      const { stdout } = await exec('btrfs', ['subvolume', 'show', volume]);
      const number = /Subvolume ID:\s+(\d+)/.exec(stdout)?.[1];
      await exec('btrfs', ['subvolume', 'delete', '--commit-after', volume]);
      if (number !== undefined) await this.#forget(number);
    }
    await rm(this.#places.directory(id), { recursive: true, force: true });
  }

  async list(): Promise<number[]> {
    return await this.#places.numbers();
  }

  async sweep(): Promise<void> {
    await mkdir(this.#places.root, { recursive: true, mode: 0o711 });
  }

  /** A subvolume's group stays behind it, and can go only when the kernel has cleaned up the subvolume. */
  async #forget(number: string): Promise<void> {
    const { root } = this.#places;
    await exec('btrfs', ['subvolume', 'sync', root, number], { allowFailure: true });
    await exec('btrfs', ['qgroup', 'destroy', `0/${number}`, root], { allowFailure: true });
  }

  async #enable(): Promise<void> {
    const { root } = this.#places;
    await mkdir(root, { recursive: true, mode: 0o711 });
    const { code } = await exec('btrfs', ['qgroup', 'show', root], { allowFailure: true });
    if (code === 0) return;
    await exec('btrfs', ['quota', 'enable', root]);
    await exec('btrfs', ['quota', 'rescan', '-w', root], { allowFailure: true, timeout: 600_000 });
  }
}
