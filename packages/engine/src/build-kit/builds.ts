import { randomBytes } from 'node:crypto';
import { PouchError } from '@pouch/base';
import { type BuildKitClient, SolveRequest } from '@pouch/buildkit';
import type { BuildKitBuildOutput, BuildKitBuildRequest } from './build-kit-service.ts';
import { ContextServer } from './context-server.ts';
import type { SolveInterceptor } from './solve-interceptor.ts';
import { toSolveRequest } from './solve-request.ts';
import { Uploads } from './uploads.ts';

const UPLOAD = 'upload-request';

export interface BuildsDependencies {
  readonly client: BuildKitClient;
  readonly interceptor: SolveInterceptor;
  /** What `host-gateway` means among extra hosts. */
  readonly hostGateway: () => Promise<string | undefined>;
}

/** Builds that came by `POST /build?version=2`, as clients before buildx send them. */
export class Builds {
  readonly #client: BuildKitClient;
  readonly #interceptor: SolveInterceptor;
  readonly #hostGateway: BuildsDependencies['hostGateway'];
  readonly #uploads = new Uploads();
  readonly #running = new Map<string, AbortController>();

  constructor(dependencies: BuildsDependencies) {
    this.#client = dependencies.client;
    this.#hostGateway = dependencies.hostGateway;
    this.#interceptor = dependencies.interceptor;
  }

  /** Resolves when the image is there, or, for the request that brings a context, when that has been read. */
  async run(
    request: BuildKitBuildRequest,
    body: AsyncIterable<Uint8Array>,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { buildId = '' } = request;
    if (buildId.startsWith(`${UPLOAD}:`)) {
      await this.#uploads.offer(buildId.slice(UPLOAD.length + 1), body, signal);
      return undefined;
    }
    const cancel = new AbortController();
    if (buildId !== '') this.#running.set(buildId, cancel);
    try {
      return await this.#build(request, body, output, AbortSignal.any([signal, cancel.signal]));
    } catch (error) {
      if (cancel.signal.aborted) throw new PouchError('cancelled', 'the build was cancelled', { cause: error });
      throw error;
    } finally {
      if (this.#running.get(buildId) === cancel) this.#running.delete(buildId);
    }
  }

  cancel(buildId: string): void {
    this.#running.get(buildId)?.abort();
  }

  async #build(
    request: BuildKitBuildRequest,
    body: AsyncIterable<Uint8Array>,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { remote } = request;
    if (remote !== undefined && remote !== UPLOAD) {
      return await this.#solve(request, remote === 'client-session' ? undefined : remote, output, signal);
    }
    const context = remote === UPLOAD ? await this.#uploads.take(request.buildId ?? '', signal) : body;
    await using server = await ContextServer.start(context);
    return await this.#solve(request, server.url, output, signal);
  }

  async #solve(
    request: BuildKitBuildRequest,
    context: string | undefined,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const ref = randomBytes(16).toString('hex');
    const solve = SolveRequest.fromPartial(toSolveRequest(request, ref, context, await this.#hostGateway()));
    const prepared = await this.#interceptor.prepare(solve);
    const progress = this.#progress(ref, output, signal);
    progress.catch(() => {});
    try {
      const { ExporterResponse } = await this.#client.solve(solve, { signal });
      await prepared?.done(ExporterResponse);
      await progress;
      const id = prepared && ExporterResponse['containerimage.digest'];
      if (id !== undefined) await output.aux('moby.image.id', { ID: id });
      return id;
    } finally {
      await prepared?.release();
    }
  }

  /** Ends with the build, whose failure it tells as well. */
  async #progress(ref: string, output: BuildKitBuildOutput, signal: AbortSignal): Promise<void> {
    for await (const message of this.#client.status(ref, { signal })) {
      await output.aux('moby.buildkit.trace', Buffer.from(message).toString('base64'));
    }
  }
}
