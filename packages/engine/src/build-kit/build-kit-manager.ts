import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BuildCache, BuildPruneResponse } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { BuildKitEngine } from './build-kit-engine.ts';
import type { BuildKitDependencies, BuildKitOptions } from './build-kit-options.ts';
import type {
  BuildKitBuildOutput,
  BuildKitBuildRequest,
  BuildKitPruneRequest,
  BuildKitService,
} from './build-kit-service.ts';
import { StepNetworks } from './step-networks.ts';

/**
 * The door to BuildKit. What does the work is loaded, and buildkitd started, when somebody builds for the first time: a daemon
 * that builds nothing has neither. A buildkitd that runs from the last daemon's days is taken up at start.
 */
export class BuildKitManager implements BuildKitService, AsyncDisposable {
  readonly #options: BuildKitOptions;
  readonly #deps: BuildKitDependencies;
  readonly #networks: StepNetworks;
  #engine: Promise<BuildKitEngine> | undefined;

  constructor(options: BuildKitOptions, dependencies: BuildKitDependencies) {
    this.#options = options;
    this.#deps = dependencies;
    this.#networks = new StepNetworks({ directory: join(options.state, 'buildkit', 'net') }, dependencies);
  }

  get available(): boolean {
    return this.#options.binary !== undefined;
  }

  /** Sandboxes in the network that steps of a buildkitd which runs may use. */
  async liveSandboxes(): Promise<string[]> {
    return await this.#networks.live();
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
  ): Promise<string | undefined> {
    return await (await this.#running()).build(request, body, output, signal);
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
      return new BuildKitEngine(this.#options, { ...this.#deps, stepNetworks: this.#networks });
    })();
    this.#engine.catch(() => {
      this.#engine = undefined;
    });
    return await this.#engine;
  }
}
