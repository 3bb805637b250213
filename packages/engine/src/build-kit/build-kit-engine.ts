import { rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BuildCache, BuildPruneResponse } from '@pouch/api';
import { asPouchError, type Logger, PouchError } from '@pouch/base';
import {
  BuildKitClient,
  type BuildkitdConfig,
  BuildkitdSupervisor,
  findBuildkitd,
  GrpcProxy,
  SessionCall,
  sessionHeaders,
  sessionId,
} from '@pouch/buildkit';
import { Builds } from './builds.ts';
import { toBuildCache, toPruneRequest } from './build-cache.ts';
import { CacheLimiter } from './cache-limiter.ts';
import type { BuildKitDependencies, BuildKitOptions } from './build-kit-options.ts';
import type { BuildKitBuildOutput, BuildKitBuildRequest, BuildKitPruneRequest } from './build-kit-service.ts';
import { IdleTimer } from './idle-timer.ts';
import { Leftovers } from './leftovers.ts';
import { SOLVE, SolveInterceptor } from './solve-interceptor.ts';
import type { StepNetworks } from './step-networks.ts';

/** The call that tells of a build's progress, and milliseconds that a piece of it may wait for the next: nobody sees them. */
const STATUS = '/moby.buildkit.v1.Control/Status';
const PROGRESS_PACE = 10;

export interface BuildKitEngineDependencies extends BuildKitDependencies {
  readonly stepNetworks: StepNetworks;
}

/** buildkitd under supervision, and the ways to it. */
export class BuildKitEngine implements AsyncDisposable {
  readonly #options: BuildKitOptions;
  readonly #deps: BuildKitEngineDependencies;
  readonly #logger: Logger;
  readonly #paths: { readonly address: string; readonly configPath: string; readonly pidFile: string };
  readonly #client: BuildKitClient;
  readonly #proxy: GrpcProxy;
  readonly #builds: Builds;
  readonly #leftovers: Leftovers;
  readonly #rest: IdleTimer;
  readonly #limiter: CacheLimiter;
  #supervisor: BuildkitdSupervisor | undefined;
  #starting: Promise<void> | undefined;
  /** The end of one that nobody needed: another is started after it. */
  #ending: Promise<void> = Promise.resolve();

  constructor(options: BuildKitOptions, dependencies: BuildKitEngineDependencies) {
    this.#options = options;
    this.#deps = dependencies;
    this.#logger = dependencies.logger;
    const state = join(options.state, 'buildkit');
    this.#paths = {
      address: join(state, 'buildkitd.sock'),
      configPath: join(state, 'buildkitd.toml'),
      pidFile: join(options.state, 'buildkitd.pid'),
    };
    this.#rest = new IdleTimer(options.idleTimeoutMs, () => this.#endIdle());
    const { address } = this.#paths;
    const interceptor = new SolveInterceptor(dependencies);
    // Long enough for a buildkitd that died to be started again.
    this.#client = new BuildKitClient({ address, patienceMs: 30_000 }, dependencies);
    this.#proxy = new GrpcProxy(
      { address, intercept: new Map([[SOLVE, interceptor]]), pace: new Map([[STATUS, PROGRESS_PACE]]) },
      dependencies,
    );
    this.#limiter = new CacheLimiter(options.cacheLimit, {
      client: this.#client,
      logger: this.#logger,
      hold: () => this.#rest.use(),
    });
    this.#builds = new Builds({ client: this.#client, interceptor, hostGateway: options.hostGateway });
    this.#leftovers = new Leftovers(
      { cgroupParent: options.cgroupParent, root: join(options.root, 'buildkit'), state },
      dependencies,
    );
  }

  /** Resolves when buildkitd answers; starts it the first time. */
  async ready(signal?: AbortSignal): Promise<void> {
    using _ = this.#rest.use();
    this.#starting ??= this.#start();
    const starting = this.#starting;
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
    });
    await starting;
    if (this.#supervisor?.state.state !== 'ready') await this.#client.version({ signal, deadlineMs: 30_000 });
  }

  /** Supervise one that an earlier daemon left; without one, clear away what it left. */
  async takeUp(signal: AbortSignal): Promise<void> {
    if (await findBuildkitd(this.#paths)) {
      if (this.#options.binary !== undefined) return await this.ready(signal);
      return await this.stop();
    }
    await this.#leftovers.clear();
    await rm(this.#paths.pidFile, { force: true });
  }

  async grpc(connection: Duplex): Promise<void> {
    using _ = this.#rest.use();
    await this.ready();
    await this.#proxy.serve(connection);
    this.#limiter.wake();
  }

  async session(connection: Duplex, rawHeaders: readonly string[]): Promise<void> {
    const headers = sessionHeaders(rawHeaders);
    if (sessionId(headers) === undefined) {
      throw new PouchError('invalid-argument', 'a session needs the header X-Docker-Expose-Session-Uuid');
    }
    using _ = this.#rest.use();
    await this.ready();
    try {
      await new SessionCall(connection, createConnection({ path: this.#paths.address }), headers).over;
    } catch (error) {
      // The client sees its session end, and why in its build.
      this.#logger.debug('a session ended', { session: sessionId(headers), error: asPouchError(error).message });
    }
  }

  async build(
    request: BuildKitBuildRequest,
    body: AsyncIterable<Uint8Array>,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    using _ = this.#rest.use();
    await this.ready(signal);
    try {
      return await this.#builds.run(request, body, output, signal);
    } finally {
      this.#limiter.wake();
    }
  }

  cancel(buildId: string): void {
    this.#builds.cancel(buildId);
  }

  async prune(request: BuildKitPruneRequest, signal: AbortSignal): Promise<BuildPruneResponse> {
    const wanted = toPruneRequest(request, Date.now());
    if (!wanted) return { CachesDeleted: null, SpaceReclaimed: 0 };
    using _ = this.#rest.use();
    await this.ready(signal);
    const deleted: string[] = [];
    let reclaimed = 0;
    for await (const { ID, Size } of this.#client.prune(wanted, { signal })) {
      deleted.push(ID);
      reclaimed += Number(Size);
    }
    return { CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  }

  async diskUsage(signal: AbortSignal): Promise<BuildCache[]> {
    using _ = this.#rest.use();
    await this.ready(signal);
    return (await this.#client.diskUsage([], { signal })).map(toBuildCache);
  }

  /** End buildkitd, and what its steps left. */
  async stop(): Promise<void> {
    this.#rest[Symbol.dispose]();
    this.#limiter[Symbol.dispose]();
    await this.#ending;
    this.#supervisor ??= this.#newSupervisor();
    await this.#supervisor.stop();
    await this.#deps.stepNetworks.pause();
    await this.#leftovers.clear();
    this.#client[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#rest[Symbol.dispose]();
    this.#limiter[Symbol.dispose]();
    await this.#ending;
    await this.#starting?.catch(() => {});
    await this.#supervisor?.[Symbol.asyncDispose]();
    this.#client[Symbol.dispose]();
    await this.#deps.stepNetworks.pause();
  }

  async #start(): Promise<void> {
    await this.#ending;
    this.#supervisor = this.#newSupervisor();
    await this.#deps.stepNetworks.serve();
    await this.#supervisor.start();
  }

  /** Nobody has needed it for a while. Whoever does from now on waits for its end, and starts another. */
  #endIdle(): void {
    const supervisor = this.#supervisor;
    if (!supervisor || this.#starting === undefined) return;
    this.#supervisor = undefined;
    this.#starting = undefined;
    this.#limiter[Symbol.dispose]();
    const end = async (): Promise<void> => {
      await supervisor.stop();
      await this.#deps.stepNetworks.pause();
      await this.#leftovers.clear();
      this.#client.reconnect();
      this.#logger.info('BuildKit was not needed for a while and has been ended');
    };
    this.#ending = end().catch((error: unknown) => {
      this.#logger.warn('BuildKit, which was not needed, could not be ended', { error });
    });
  }

  #newSupervisor(): BuildkitdSupervisor {
    return new BuildkitdSupervisor(
      {
        ...this.#paths,
        binary: this.#options.binary ?? 'buildkitd',
        logFile: join(this.#options.root, 'buildkitd.log'),
        config: () => this.#config(),
      },
      { logger: this.#logger, clearLeftovers: () => this.#leftovers.clear() },
    );
  }

  async #config(): Promise<BuildkitdConfig> {
    const { root, state, cgroupParent, cgroupDriver, runtime, runtimeRoot, snapshotter, dns } = this.#options;
    const { containerd, stepNetworks } = this.#deps;
    const gateway = await this.#options.hostGateway();
    return {
      root: join(root, 'buildkit'),
      state: join(state, 'buildkit'),
      address: this.#paths.address,
      containerd: { address: containerd.address, namespace: containerd.namespace, snapshotter },
      runtime: { binary: await runtime(), root: runtimeRoot, systemdCgroup: cgroupDriver === 'systemd' },
      cgroupParent,
      network: stepNetworks.config(),
      dns,
      registries: await this.#options.registries(),
      cacheLimit: this.#options.cacheLimit,
      labels: gateway === undefined ? {} : { 'org.mobyproject.buildkit.worker.moby.host-gateway-ip': gateway },
    };
  }
}
