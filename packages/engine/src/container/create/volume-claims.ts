import type { Volume } from '@pouch/api';
import { isErrorCode } from '@pouch/base';
import type { VolumeEnsureOptions, VolumeService } from '../../volume/volume-service.ts';

/** Who last made each named volume during a create that may still be undone; a second user ends the claim. */
const makers = new WeakMap<VolumeService, Map<string, VolumeClaims>>();

/** The volumes that one create has made, so that they can go again when it fails. */
export class VolumeClaims {
  readonly #volumes: VolumeService;
  readonly #made: string[] = [];
  readonly #anonymous: string[] = [];
  readonly #makers: Map<string, VolumeClaims>;

  constructor(volumes: VolumeService) {
    this.#volumes = volumes;
    this.#makers = makers.get(volumes) ?? new Map<string, VolumeClaims>();
    makers.set(volumes, this.#makers);
  }

  /** The volume of that name, made if need be; without a name a new anonymous one. */
  async ensure(name: string | undefined, options: VolumeEnsureOptions): Promise<Volume> {
    if (name === undefined) {
      const volume = await this.#volumes.ensure(undefined, { ...options, anonymous: true, claimed: true });
      this.#claim(volume.Name);
      this.#anonymous.push(volume.Name);
      return volume;
    }
    this.use(name);
    if (await this.#exists(name)) return await this.#volumes.ensure(name, options);
    const volume = await this.#volumes.ensure(name, options);
    this.#claim(name);
    return volume;
  }

  /** Another create relies on this volume now: whoever made it keeps it. */
  use(name: string): void {
    if (this.#makers.get(name) !== this) this.#makers.delete(name);
  }

  /** Remove what was made, except what others use by now. */
  async release(): Promise<void> {
    for (const name of this.#made.splice(0)) {
      if (this.#makers.get(name) !== this) continue;
      this.#makers.delete(name);
      await this.#volumes.remove(name, { force: false }).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found', 'conflict')) throw error;
      });
    }
  }

  /** The create has succeeded: the volumes stay. */
  async keep(): Promise<void> {
    for (const name of this.#made.splice(0)) if (this.#makers.get(name) === this) this.#makers.delete(name);
    await Promise.all(this.#anonymous.splice(0).map(async (name) => await this.#volumes.keep(name)));
  }

  #claim(name: string): void {
    this.#made.push(name);
    this.#makers.set(name, this);
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await this.#volumes.inspect(name);
      return true;
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return false;
      throw error;
    }
  }
}
