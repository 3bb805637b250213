import { isErrorCode, PouchError } from '@pouch/base';
import { PluginClient } from './plugin-client.ts';
import type { PluginAddress } from './plugin-discovery.ts';
import type { DriverVolume, VolumeDriver } from './volume-driver.ts';

/** Milliseconds for questions, which a person may be waiting for. */
const QUESTION = 10_000;

/** A driver outside this process that speaks Docker's volume plugin protocol. The plugin counts its users itself. */
export class PluginDriver implements VolumeDriver {
  readonly name: string;
  readonly #client: PluginClient;
  #activated: Promise<void> | undefined;
  #scope: 'local' | 'global' | undefined;

  constructor(address: PluginAddress) {
    this.name = address.name;
    this.#client = new PluginClient(address);
  }

  /** The handshake; throws `unsupported` when the plugin is not for volumes. */
  async activate(): Promise<void> {
    this.#activated ??= this.#handshake();
    try {
      await this.#activated;
    } catch (error) {
      this.#activated = undefined;
      throw error;
    }
  }

  async scope(): Promise<'local' | 'global'> {
    if (this.#scope) return this.#scope;
    // Plugins of the protocol's first version have no such method.
    const answer = await this.#call('Capabilities', {}, QUESTION).catch((error: unknown) => {
      if (isErrorCode(error, 'upstream')) return {};
      throw error;
    });
    const { Scope: scope } = object((answer as Record<string, unknown>).Capabilities);
    this.#scope = scope === 'global' ? 'global' : 'local';
    return this.#scope;
  }

  async create(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    await this.#call('Create', { Name: name, Opts: options });
  }

  async remove(name: string): Promise<void> {
    if (!(await this.get(name))) throw new PouchError('not-found', `get ${name}: no such volume`);
    await this.#call('Remove', { Name: name });
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    try {
      const { Volume: volume } = await this.#call('Get', { Name: name }, QUESTION);
      return readVolume(volume);
    } catch (error) {
      // The protocol has no code for "not found": any error of the plugin's own says that it cannot give the volume.
      if (isErrorCode(error, 'upstream')) return undefined;
      throw error;
    }
  }

  async list(): Promise<DriverVolume[]> {
    const { Volumes: volumes } = await this.#call('List', {}, QUESTION);
    return Array.isArray(volumes) ? volumes.map(readVolume).filter((volume) => volume !== undefined) : [];
  }

  async mount(name: string, userId: string): Promise<string> {
    const { Mountpoint: path } = await this.#call('Mount', { Name: name, ID: userId });
    if (typeof path === 'string' && path.startsWith('/')) return path;
    throw new PouchError('upstream', `The plugin ${this.name} did not say where it has mounted the volume ${name}.`);
  }

  async unmount(name: string, userId: string): Promise<void> {
    await this.#call('Unmount', { Name: name, ID: userId });
  }

  async adopt(): Promise<void> {}

  async usage(): Promise<number> {
    return -1;
  }

  async #handshake(): Promise<void> {
    const { Implements: list } = await this.#client.call('Plugin.Activate', {}, QUESTION);
    if (!Array.isArray(list) || !list.includes('VolumeDriver')) {
      throw new PouchError('unsupported', `plugin "${this.name}" does not implement VolumeDriver`);
    }
  }

  async #call(method: string, body: object, timeout?: number): Promise<Record<string, unknown>> {
    await this.activate();
    return await this.#client.call(`VolumeDriver.${method}`, body, timeout);
  }
}

function readVolume(value: unknown): DriverVolume | undefined {
  const { Name: name, Mountpoint: path, CreatedAt: createdAt, Status: status } = object(value);
  if (typeof name !== 'string' || name === '') return undefined;
  return {
    name,
    path: typeof path === 'string' ? path : '',
    ...(typeof createdAt === 'string' && createdAt !== '' && { createdAt }),
    ...(typeof status === 'object' && status !== null && { status: object(status) }),
  };
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
