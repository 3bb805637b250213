import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFeature } from '@pouch/api';
import type { Logger } from '@pouch/base';
import type { ContainerRoomDependencies, CreateEnvironment } from '@pouch/engine';
import { type LxcfsProbe, LxcfsSupervisor, probeLxcfs } from '@pouch/linux';
import type { Config } from './config/settings.ts';

interface Parts {
  readonly lxcfsProbe: LxcfsProbe;
  readonly lxcfs: LxcfsSupervisor | undefined;
}

/**
 * What isolates containers beyond what runtimes do, as far as this host can: found by probing, shown by `pouch info`, and
 * handed to the rooms that use it.
 */
export class HostParts implements AsyncDisposable {
  readonly #config: Config;
  readonly #parts: Parts;

  private constructor(config: Config, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
  }

  static async probe(config: Config, logger: Logger): Promise<HostParts> {
    const lxcfsProbe = await probeLxcfs(config['lxcfs-binary']);
    const lxcfs = lxcfsProbe.missing === undefined ? lxcfsSupervisor(config, logger) : undefined;
    return new HostParts(config, { lxcfsProbe, lxcfs });
  }

  /** For the checks of create. */
  get create(): Pick<CreateEnvironment, 'lxcfsMissing'> {
    return { lxcfsMissing: this.#parts.lxcfsProbe.missing };
  }

  get containers(): Pick<ContainerRoomDependencies, 'procViews'> {
    return { procViews: { source: this.#parts.lxcfs, byDefault: this.#config.lxcfs } };
  }

  features(): HostFeature[] {
    const { missing, version } = this.#parts.lxcfsProbe;
    const detail = `version ${version}, ${this.#config.lxcfs ? 'for all containers' : 'for containers that ask for it'}`;
    return [{ Name: 'lxcfs', Available: missing === undefined, Detail: missing ?? detail }];
  }

  /** Warm up once the API is served, so that no container waits for it; and look after what containers have already. */
  start(): void {
    const isUsed = existsSync(join(lxcfsDirectory(this.#config), 'pid'));
    if (this.#config.lxcfs || isUsed) this.#parts.lxcfs?.start();
  }

  /** Take everything off the host. */
  async stop(): Promise<void> {
    await this.#parts.lxcfs?.stop();
  }

  /** Let go; what containers have goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.lxcfs?.[Symbol.asyncDispose]();
  }
}

function lxcfsDirectory(config: Config): string {
  return join(config.state, 'lxcfs');
}

function lxcfsSupervisor(config: Config, logger: Logger): LxcfsSupervisor {
  const directory = lxcfsDirectory(config);
  return new LxcfsSupervisor(
    { binary: config['lxcfs-binary'], directory, logFile: join(config.root, 'lxcfs.log') },
    { logger },
  );
}
