import { randomBytes } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { background, errnoCode, type Logger, writeFileAtomic } from '@pouch/base';
import type { BuildkitdNetwork } from '@pouch/buildkit';
import type { NetworkManager } from '../network/network-manager.ts';
import type { Sandbox } from '../network/sandbox.ts';
import { pluginConfig, pluginResult, pluginScript } from './step-network-plugin.ts';

export interface StepNetworksOptions {
  /** Directory of this alone, which lives until the next boot. */
  readonly directory: string;
}

export interface StepNetworksDependencies {
  readonly networks: Pick<NetworkManager, 'attach' | 'release'>;
  readonly logger: Logger;
}

/** Networks kept ready; a step that finds none waits for the next. */
const SPARE = 2;

/**
 * Build steps' networks: places on the default bridge, as containers have them. buildkitd asks a CNI plugin for each; ours, a
 * few lines of shell, takes one of those that stand ready here, and needs no CNI package on the host. Files tell what is whose:
 * they move from `free` to `used` (by the plugin, in one step, so that none is taken twice) to `released` (by the plugin). A
 * later daemon reads from them what the last one had made.
 */
export class StepNetworks {
  readonly #directory: string;
  readonly #deps: StepNetworksDependencies;
  #watchers: FSWatcher[] = [];
  #balancing: Promise<void> | undefined;
  #again = false;

  constructor(options: StepNetworksOptions, dependencies: StepNetworksDependencies) {
    this.#directory = options.directory;
    this.#deps = dependencies;
  }

  /** What buildkitd is told. */
  config(): BuildkitdNetwork {
    return {
      mode: 'cni',
      configPath: this.#path('pouch.conf'),
      binaryDirectory: this.#path('bin'),
      // It keeps namespaces for some minutes by itself, for the next step.
      poolSize: 0,
    };
  }

  /** The sandboxes that a former daemon made and a step may use: they are not to be taken down. */
  async live(): Promise<string[]> {
    const files = [...(await this.#files('free')), ...(await this.#files('used'))];
    return (await Promise.all(files.map(idIn))).filter((id) => id !== '');
  }

  /** Keep networks ready, until `pause`. */
  async serve(): Promise<void> {
    for (const name of ['bin', 'free', 'used', 'released', 'files']) {
      await mkdir(this.#path(name), { recursive: true, mode: 0o700 });
    }
    const script = pluginScript(this.#directory);
    for (const name of ['pouch', 'loopback']) {
      await writeFileAtomic(this.#path('bin', name), script);
      await chmod(this.#path('bin', name), 0o700);
    }
    await writeFile(this.#path('pouch.conf'), pluginConfig());
    await this.pause();
    this.#watchers = ['free', 'released'].map((name) => watch(this.#path(name), () => this.#wake()));
    await this.#balance();
  }

  /** Keep none ready any more. Those that are there stay. */
  async pause(): Promise<void> {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    await this.#balancing;
  }

  /** No step runs: take every network away. */
  async clear(): Promise<void> {
    const serving = this.#watchers.length > 0;
    await this.pause();
    const files = [...(await this.#files('free')), ...(await this.#files('used')), ...(await this.#files('released'))];
    for (const file of files) await this.#release(file);
    if (serving) await this.serve();
  }

  #wake(): void {
    if (this.#balancing) {
      this.#again = true;
      return;
    }
    background(this.#balance(), (error) => this.#deps.logger.warn('networks of build steps', { error }));
  }

  async #balance(): Promise<void> {
    this.#balancing ??= (async () => {
      do {
        this.#again = false;
        for (const file of await this.#files('released')) await this.#release(file);
        for (let free = (await this.#files('free')).length; free < SPARE; free += 1) await this.#make();
      } while (this.#again && this.#watchers.length > 0);
    })().finally(() => {
      this.#balancing = undefined;
    });
    await this.#balancing;
  }

  async #make(): Promise<void> {
    const id = `buildkit-${randomBytes(8).toString('hex')}`;
    const sandbox = await this.#deps.networks.attach({
      containerId: id,
      name: id,
      hostname: 'buildkit',
      networkMode: 'bridge',
      directory: this.#path('files', id),
      hidden: true,
    });
    const file = this.#path('files', `${id}.new`);
    await writeFile(file, describe(id, sandbox));
    await rename(file, this.#path('free', id));
  }

  async #release(file: string): Promise<void> {
    const id = await idIn(file);
    if (id !== '') {
      await this.#deps.networks.release(id);
      await rm(this.#path('files', id), { recursive: true, force: true });
    }
    await rm(file, { force: true });
  }

  async #files(name: string): Promise<string[]> {
    try {
      return (await readdir(this.#path(name))).map((entry) => this.#path(name, entry));
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #path(...names: string[]): string {
    return join(this.#directory, ...names);
  }
}

/** The sandbox's id, its namespace, and what the plugin prints: a line each. */
function describe(id: string, sandbox: Sandbox): string {
  const [{ IPAddress = '', IPPrefixLen = 0, Gateway = '' } = {}] = Object.values(sandbox.networks);
  const result = pluginResult({ address: IPAddress, prefix: IPPrefixLen, gateway: Gateway });
  return `${id}\n${sandbox.netnsPath ?? ''}\n${JSON.stringify(result)}\n`;
}

/** Empty for a file that is gone. */
async function idIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const id = text.split('\n')[0] ?? '';
  return /^buildkit-[0-9a-f]{16}$/.test(id) ? id : '';
}
