import { mkdir, rm } from 'node:fs/promises';
import { exec, PouchError } from '@pouch/base';
import { exists, Places } from './places.ts';
import type { QuotaDriver, QuotaLimits, QuotaUsage } from './quota-driver.ts';

/**
 * Each place is a directory whose files belong to a project of the file system's quota (ext4, xfs): the project's id is the
 * number of the place, and is inherited by all that is made below.
 */
export class ProjectDriver implements QuotaDriver {
  readonly name = 'project';
  readonly limitsInodes = true;
  readonly bypass: QuotaDriver['bypass'];
  readonly #places: Places;
  readonly #mountPoint: string;

  /** `mountPoint` and `fsType`: of the file system that holds `root`. */
  constructor(options: { readonly root: string; readonly mountPoint: string; readonly fsType: string }) {
    this.#places = new Places(options.root);
    this.#mountPoint = options.mountPoint;
    // The kernel's own quotas have a way round them for the administrator; those of xfs have not for projects.
    this.bypass = options.fsType === 'xfs' ? undefined : 'CAP_SYS_RESOURCE';
  }

  async open(id: number, limits: QuotaLimits): Promise<string> {
    const volume = this.#places.volume(id);
    await mkdir(volume, { recursive: true, mode: 0o711 });
    // Before the limit and before any content: what is made in it is counted from the first file.
    await exec('chattr', ['-p', String(id), '+P', volume]);
    await this.resize(id, limits);
    return volume;
  }

  async resize(id: number, { bytes, inodes = 0 }: QuotaLimits): Promise<void> {
    const blocks = String(Math.ceil(bytes / 1024));
    await exec('setquota', ['-P', String(id), '0', blocks, '0', String(inodes), this.#mountPoint]);
  }

  async usage(id: number): Promise<QuotaUsage | undefined> {
    if (!(await exists(this.#places.volume(id)))) return undefined;
    const { stdout } = await exec('repquota', ['-P', '-n', '-O', 'csv', this.#mountPoint]);
    const line = stdout.split('\n').find((each) => each.startsWith(`#${id},`));
    // Project,BlockStatus,FileStatus,BlockUsed,…,FileUsed: kibibytes.
    const fields = line?.split(',') ?? [];
    const number = (index: number): number => Number(fields[index] ?? 0);
    if ([3, 7].some((index) => Number.isNaN(number(index)))) throw new PouchError('internal', `repquota said: ${line}`);
    return { bytes: number(3) * 1024, inodes: number(7) };
  }

  async close(): Promise<void> {}

  async remove(id: number): Promise<void> {
    await rm(this.#places.directory(id), { recursive: true, force: true });
    await exec('setquota', ['-P', String(id), '0', '0', '0', '0', this.#mountPoint]);
  }

  async list(): Promise<number[]> {
    return await this.#places.numbers();
  }

  async sweep(): Promise<void> {
    await mkdir(this.#places.root, { recursive: true, mode: 0o711 });
  }
}
