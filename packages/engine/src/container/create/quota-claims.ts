import type { HostConfig, Volume } from '@pouch/api';
import { parseBytes, PouchError } from '@pouch/base';
import type { QuotaLimits } from '@pouch/linux';
import type { QuotaService } from '../../quota/quota-service.ts';
import type { ContainerQuota } from '../container-record.ts';
import { type DiskQuota, parseDiskQuota, parseQuotaId, type QuotaRule } from './disk-quota.ts';
import { invalid } from './invalid.ts';

type DriverOptions = Readonly<Record<string, string>>;

/** The disk quotas of one create: sets that are reserved for it, and given back when it fails. */
export class QuotaClaims {
  readonly #quotas: QuotaService;
  readonly #asked: DiskQuota | undefined;
  readonly #sets: ContainerQuota[] = [];
  /** Paths of rules that something has been found for. */
  readonly #met = new Set<string>();

  /** `capabilities`: the container's. */
  constructor(quotas: QuotaService, config: HostConfig, capabilities: readonly string[]) {
    this.#quotas = quotas;
    this.#asked = parseDiskQuota(config);
    const id = parseQuotaId(config.QuotaId);
    if (id !== undefined && !this.#asked) throw invalid('a quota id needs a disk quota beside it');
    if (!this.#asked) return;
    if (quotas.missing !== undefined) {
      throw new PouchError('unsupported', `--disk-quota: this host has no disk quota driver: ${quotas.missing}.`);
    }
    if (quotas.bypass !== undefined && capabilities.includes(quotas.bypass)) {
      throw new PouchError(
        'unsupported',
        `--disk-quota: the project quota of this file system does not hold a container with ${quotas.bypass}: leave out --privileged and --cap-add, or drop the capability (--cap-drop), or set the daemon's quota-driver to loop.`,
      );
    }
    for (const { paths, ...limits } of this.#asked.rules) {
      // A volume alone has a set of its own, which lives as long as it does.
      if (paths.length > 1 || paths[0] === '/') this.#reserve(paths, limits, paths.includes('/') ? id : undefined);
    }
    if (this.#asked.each) this.#reserve(['/'], this.#asked.each, id);
    this.#met.add('/');
  }

  /** What a volume that is made for this destination must be told. */
  driverOptions(destination: string): DriverOptions | undefined {
    const limits = this.#limitsOf(destination);
    if (!limits) return undefined;
    const shared = this.#sets.find(({ paths }) => paths.includes(destination));
    return {
      size: String(limits.bytes),
      ...(limits.inodes !== undefined && { inodes: String(limits.inodes) }),
      ...(shared && { 'quota-id': String(shared.id) }),
    };
  }

  /** Throws `conflict` for a volume that was there before, and is not limited as the rule says. */
  check(destination: string, volume: Volume): void {
    const wanted = this.driverOptions(destination);
    if (!wanted) return;
    this.#met.add(destination);
    const has = volume.Options ?? {};
    const same = (name: string): boolean => (has[name] ?? '') === (wanted[name] ?? '');
    const size = has.size === undefined ? 0 : parseBytes(has.size);
    if (volume.Driver !== 'local' || size !== Number(wanted.size) || !same('inodes') || !same('quota-id')) {
      throw new PouchError(
        'conflict',
        `--disk-quota ${destination}: volume ${volume.Name} exists and is not limited like this; its size is given when it is made (pouch volume create -o size=…).`,
      );
    }
    const id = Number(volume.Status?.['quota-id'] ?? Number.NaN);
    if (!this.#sets.some(({ paths }) => paths.includes(destination)) && !Number.isNaN(id)) {
      const { bytes, inodes } = this.#limitsOf(destination) as QuotaLimits;
      this.#sets.push({ id, paths: [destination], bytes, ...(inodes !== undefined && { inodes }) });
    }
  }

  /** Once all mounts are known. Throws invalid-argument for a rule that nothing is mounted under. */
  finish(): ContainerQuota[] {
    for (const { paths } of this.#asked?.rules ?? []) {
      const idle = paths.find((path) => !this.#met.has(path));
      if (idle !== undefined) {
        throw invalid(
          `--disk-quota ${idle}: only / and volumes can be limited, and no volume is mounted at ${idle} (add -v ${idle})`,
        );
      }
    }
    return this.#sets;
  }

  /** Give back what nobody has joined. */
  async release(): Promise<void> {
    for (const { id } of this.#sets) await this.#quotas.discard(id);
  }

  #limitsOf(destination: string): QuotaLimits | undefined {
    const rule: QuotaRule | undefined = this.#asked?.rules.find(({ paths }) => paths.includes(destination));
    return rule ?? this.#asked?.each;
  }

  #reserve(paths: readonly string[], limits: QuotaLimits, id: number | undefined): void {
    const { bytes, inodes } = limits;
    const set = this.#quotas.reserve({ bytes, ...(inodes !== undefined && { inodes }) }, id);
    this.#sets.push({ id: set.id, paths: [...paths], bytes, ...(inodes !== undefined && { inodes }) });
  }
}
