import { type InterceptedCall, SolveRequest, SolveResponse, type UnaryInterceptor } from '@pouch/buildkit';
import type { ContainerdClient } from '@pouch/containerd';
import type { ForeignNaming, ImageService } from '../image/image-service.ts';
import { exportToImages } from './exporters.ts';

/** The call that builds. */
export const SOLVE = '/moby.buildkit.v1.Control/Solve';

export interface SolveInterceptorDependencies {
  readonly images: ImageService;
  readonly containerd: Pick<ContainerdClient, 'reachable'>;
}

/** Milliseconds that a build waits for a containerd that is being started again: BuildKit itself does not wait. */
const PATIENCE = 30_000;

/** Makes builds on their way to buildkitd end in Pouch's images, and images that were built known. */
export class SolveInterceptor implements UnaryInterceptor {
  readonly #deps: SolveInterceptorDependencies;

  constructor(dependencies: SolveInterceptorDependencies) {
    this.#deps = dependencies;
  }

  async request(message: Uint8Array): Promise<InterceptedCall> {
    const request = SolveRequest.decode(message);
    await this.#deps.containerd.reachable(PATIENCE);
    const prepared = await this.prepare(request);
    if (!prepared) return { message };
    return {
      message: SolveRequest.encode(request).finish(),
      answered: async (answer) => await prepared.done(SolveResponse.decode(answer).ExporterResponse),
      ended: async () => await prepared.release(),
    };
  }

  /** Change the request in place. Undefined when nothing of it becomes an image here. */
  async prepare(request: SolveRequest): Promise<PreparedSolve | undefined> {
    const names = exportToImages(request);
    if (!names) return undefined;
    return new PreparedSolve(await this.#deps.images.expectNames(names));
  }
}

export class PreparedSolve {
  readonly #naming: ForeignNaming;

  constructor(naming: ForeignNaming) {
    this.#naming = naming;
  }

  /** The build is done: its image is known when this resolves. */
  async done(response: Readonly<Record<string, string>>): Promise<void> {
    const id = response['containerimage.digest'];
    if (id !== undefined) await this.#naming.done(id);
  }

  async release(): Promise<void> {
    await this.#naming[Symbol.asyncDispose]();
  }
}
