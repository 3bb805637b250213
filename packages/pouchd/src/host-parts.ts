import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFeature } from '@pouch/api';
import type { Logger } from '@pouch/base';
import { type ContainerRoomDependencies, type CreateEnvironment, machineFeatures } from '@pouch/engine';
import {
  type LxcfsProbe,
  LxcfsSupervisor,
  probeDiskQuota,
  probeLxcfs,
  probeTraffic,
  type QuotaDriverName,
  type QuotaProbe,
  type TrafficProbe,
} from '@pouch/linux';
import type { Config } from './config/settings.ts';

interface Parts {
  readonly lxcfsProbe: LxcfsProbe;
  readonly lxcfs: LxcfsSupervisor | undefined;
  readonly quota: QuotaProbe;
  readonly traffic: TrafficProbe;
}

/**
 * What isolates containers beyond what runtimes do, as far as this host can: found by probing, shown by `pouch info`, and
 * handed to the rooms that use it.
 */
export class HostParts implements AsyncDisposable {
  readonly #config: Config;
  readonly #parts: Parts;
  /** Asked when somebody wants to know, and once: it takes some programs. */
  #machine: Promise<HostFeature[]> | undefined;

  private constructor(config: Config, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
  }

  static async probe(config: Config, logger: Logger): Promise<HostParts> {
    const [lxcfsProbe, quota, traffic] = await Promise.all([
      probeLxcfs(config['lxcfs-binary']),
      quotaProbe(config),
      probeTraffic(),
    ]);
    const lxcfs = lxcfsProbe.missing === undefined ? lxcfsSupervisor(config, logger) : undefined;
    return new HostParts(config, { lxcfsProbe, lxcfs, quota, traffic });
  }

  /** For the checks of create. */
  get create(): Pick<CreateEnvironment, 'lxcfsMissing' | 'bandwidthMissing' | 'priorityMissing'> {
    const { lxcfsProbe, traffic } = this.#parts;
    return { lxcfsMissing: lxcfsProbe.missing, ...traffic };
  }

  get containers(): Pick<ContainerRoomDependencies, 'procViews'> {
    return { procViews: { source: this.#parts.lxcfs, byDefault: this.#config.lxcfs } };
  }

  get quota(): QuotaProbe {
    return this.#parts.quota;
  }

  /** `runtime`: the executable of the default one. */
  async features(runtime: string): Promise<HostFeature[]> {
    this.#machine ??= machineFeatures(runtime);
    const { missing, version } = this.#parts.lxcfsProbe;
    const detail = `version ${version}, ${this.#config.lxcfs ? 'for all containers' : 'for containers that ask for it'}`;
    const { driver, reason } = this.#parts.quota;
    const { bandwidthMissing, priorityMissing } = this.#parts.traffic;
    return [
      { Name: 'lxcfs', Available: missing === undefined, Detail: missing ?? detail },
      { Name: 'disk quota', Available: driver !== undefined, Detail: driver ? `${driver.name}: ${reason}` : reason },
      {
        Name: 'bandwidth',
        Available: bandwidthMissing === undefined,
        Detail: bandwidthMissing ?? 'token buckets on the host',
      },
      {
        Name: 'network priority',
        Available: priorityMissing === undefined,
        Detail: priorityMissing ?? 'classes on the uplink',
      },
      ...(await this.#machine),
    ];
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
    const { driver } = this.#parts.quota;
    if (driver && Symbol.asyncDispose in driver) await (driver as unknown as AsyncDisposable)[Symbol.asyncDispose]();
  }
}

async function quotaProbe(config: Config): Promise<QuotaProbe> {
  const wanted = config['quota-driver'];
  if (wanted === 'none') return { driver: undefined, reason: 'the setting quota-driver says none' };
  return await probeDiskQuota(join(config.root, 'quota'), wanted === '' ? undefined : (wanted as QuotaDriverName));
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
