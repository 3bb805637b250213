import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BuildCache, BuildPruneResponse } from '@pouch/api';
import { type Logger, PouchError } from '@pouch/base';
import type { BuildkitdRegistry } from '@pouch/buildkit';
import type { ContainerdClient } from '@pouch/containerd';
import type { ImageService } from '../image/image-service.ts';
import type { BuildKitEngine } from './build-kit-engine.ts';
import type {
  BuildKitBuildOutput,
  BuildKitBuildRequest,
  BuildKitPruneRequest,
  BuildKitService,
} from './build-kit-service.ts';
import type { StepNetworks } from './step-networks.ts';

export interface BuildKitOptions {
  /** The executable; undefined where this host has none. */
  readonly binary: string | undefined;
  /** The daemon's directories of what lasts and of what lives until the next boot. */
  readonly root: string;
  readonly state: string;
  /** Control group above those of the steps, as containers have it. */
  readonly cgroupParent: string;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  /** Executable of the OCI runtime for steps, asked at each start of buildkitd; and where it keeps its state. */
  readonly runtime: () => Promise<string>;
  readonly runtimeRoot: string;
  readonly snapshotter: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  /** Asked at each start of buildkitd. */
  readonly registries: () => Promise<readonly BuildkitdRegistry[]>;
  /** Address by which steps reach the host (`host-gateway`); undefined where there is none. */
  readonly hostGateway: () => Promise<string | undefined>;
}

export interface BuildKitDependencies {
  readonly containerd: ContainerdClient;
  readonly images: ImageService;
  readonly logger: Logger;
  readonly networks: StepNetworks;
  /** Take everything of a run away: task, record, runtime's state, mounts. */
  readonly purge: (id: string) => Promise<void>;
}

/**
 * The door to BuildKit. What does the work is loaded, and buildkitd started, when somebody builds for the first time: a daemon
 * that builds nothing has neither. A buildkitd that runs from the last daemon's days is taken up at start.
 */
export class BuildKitManager implements BuildKitService, AsyncDisposable {
  readonly #options: BuildKitOptions;
  readonly #deps: BuildKitDependencies;
  #engine: Promise<BuildKitEngine> | undefined;

  constructor(options: BuildKitOptions, dependencies: BuildKitDependencies) {
    this.#options = options;
    this.#deps = dependencies;
  }

  get available(): boolean {
    return this.#options.binary !== undefined;
  }

  /** Take up a buildkitd that runs; clear away what one that died meanwhile left. Nothing where none ever ran. */
  async start(signal: AbortSignal): Promise<void> {
    const { readTextIfExists } = await import('@pouch/base');
    if ((await readTextIfExists(join(this.#options.state, 'buildkitd.pid'))) === undefined) return;
    const engine = await this.#load();
    await engine.takeUp(signal);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await (await this.#running()).ready(signal);
  }

  async grpc(connection: Duplex): Promise<void> {
    await (await this.#running()).grpc(connection);
  }

  async session(connection: Duplex, rawHeaders: readonly string[]): Promise<void> {
    await (await this.#running()).session(connection, rawHeaders);
  }

  async build(
    request: BuildKitBuildRequest,
    body: AsyncIterable<Uint8Array>,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#running()).build(request, body, output, signal);
  }

  cancel(buildId: string): void {
    void this.#engine?.then((engine) => engine.cancel(buildId));
  }

  async prune(request: BuildKitPruneRequest, signal: AbortSignal): Promise<BuildPruneResponse> {
    return await (await this.#running()).prune(request, signal);
  }

  async diskUsage(signal: AbortSignal): Promise<BuildCache[]> {
    const hasBuilt = this.#engine !== undefined || (await this.#hasCache());
    return this.available && hasBuilt ? await (await this.#running()).diskUsage(signal) : [];
  }

  /** End buildkitd, and take what its steps left off the host. The cache stays. */
  async tearDown(): Promise<void> {
    const engine = await this.#load();
    await engine.stop();
    await rm(join(this.#options.state, 'buildkit'), { recursive: true, force: true });
  }

  /** Watch no more. buildkitd, and nothing that it builds for a client of this daemon, goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#engine)?.[Symbol.asyncDispose]();
  }

  async #running(): Promise<BuildKitEngine> {
    if (!this.available) {
      throw new PouchError(
        'unsupported',
        'this build needs BuildKit, and this host has no buildkitd: install it, or name it in the setting buildkit-binary',
      );
    }
    return await this.#load();
  }

  async #hasCache(): Promise<boolean> {
    const { access } = await import('node:fs/promises');
    return await access(join(this.#options.root, 'buildkit')).then(
      () => true,
      () => false,
    );
  }

  async #load(): Promise<BuildKitEngine> {
    this.#engine ??= (async () => {
      const { BuildKitEngine } = await import('./build-kit-engine.ts');
      await mkdir(join(this.#options.state, 'buildkit'), { recursive: true, mode: 0o700 });
      return new BuildKitEngine(this.#options, this.#deps);
    })();
    this.#engine.catch(() => {
      this.#engine = undefined;
    });
    return await this.#engine;
  }
}
