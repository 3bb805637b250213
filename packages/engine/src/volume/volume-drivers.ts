import { PouchError } from '@pouch/base';
import { discoverPlugins, type PluginDirectories } from './plugin-discovery.ts';
import { PluginDriver } from './plugin-driver.ts';
import type { VolumeDriver } from './volume-driver.ts';

/** The drivers of this host: those built in, and plugins as they come and go. */
export class VolumeDrivers {
  readonly #builtIn: ReadonlyMap<string, VolumeDriver>;
  readonly #directories: PluginDirectories;
  readonly #plugins = new Map<string, { readonly address: string; readonly driver: PluginDriver }>();

  constructor(builtIn: readonly VolumeDriver[], directories: PluginDirectories) {
    this.#builtIn = new Map(builtIn.map((driver) => [driver.name, driver]));
    this.#directories = directories;
  }

  /** Throws `not-found` with Docker's words when there is neither a driver nor a plugin of that name. */
  async get(name: string): Promise<VolumeDriver> {
    const driver = this.#builtIn.get(name) ?? (await this.plugins()).find((plugin) => plugin.name === name);
    if (!driver)
      throw new PouchError('not-found', `error looking up volume plugin ${name}: plugin "${name}" not found`);
    return driver;
  }

  /** The plugins that can be found now; whether they answer, and are for volumes, shows when they are called. */
  async plugins(): Promise<PluginDriver[]> {
    const found = await discoverPlugins(this.#directories);
    return found
      .filter(({ name }) => !this.#builtIn.has(name))
      .map((address) => {
        const key = JSON.stringify([address.socketPath, address.url?.href, address.tls]);
        const known = this.#plugins.get(address.name);
        if (known?.address === key) return known.driver;
        const driver = new PluginDriver(address);
        this.#plugins.set(address.name, { address: key, driver });
        return driver;
      });
  }

  /** Names for `docker info`. */
  async names(): Promise<string[]> {
    const plugins = await this.plugins();
    const usable = await Promise.all(
      plugins.map(
        async (plugin) =>
          await plugin.activate().then(
            () => true,
            () => false,
          ),
      ),
    );
    return [...this.#builtIn.keys(), ...plugins.filter((_, index) => usable[index]).map(({ name }) => name)];
  }
}
