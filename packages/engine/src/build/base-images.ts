import { isErrorCode } from '@pouch/base';
import { parsePlatform } from '@pouch/oci';
import type { BaseImage } from '../image/image-assembly.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildRequest } from './build-service.ts';
import type { BuildState } from './build-state.ts';
import { authFor } from './registry-auths.ts';
import type { StageOutput } from './output/stage-output.ts';

/** Images that a build begins with or copies from; each is pulled once, if it is not here or `pull` asks for it. */
export class BaseImages {
  readonly #env: BuildEnvironment;
  readonly #request: BuildRequest;
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, Promise<BaseImage>>();

  constructor(environment: BuildEnvironment, request: BuildRequest, signal: AbortSignal) {
    this.#env = environment;
    this.#request = request;
    this.#signal = signal;
  }

  async get(reference: string, platform: string | undefined, output: StageOutput): Promise<BaseImage> {
    const key = `${reference}\0${platform ?? ''}`;
    let found = this.#found.get(key);
    if (!found) {
      found = this.#look(reference, platform, output);
      found.catch(() => {});
      this.#found.set(key, found);
    }
    return await found;
  }

  /** Images of `--cache-from` that are here; others are no help, and no failure. */
  async cacheSources(): Promise<BaseImage[]> {
    const { platform } = this.#request;
    const found = await Promise.all(
      this.#request.cacheFrom.map(async (reference) => {
        try {
          return [await this.#env.images.assembly.base(reference, platform)];
        } catch (error) {
          if (isErrorCode(error, 'not-found', 'invalid-argument')) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  }

  async #look(reference: string, platform: string | undefined, output: StageOutput): Promise<BaseImage> {
    if (!this.#request.pull) {
      try {
        return await this.#env.images.assembly.base(reference, platform);
      } catch (error) {
        if (!isErrorCode(error, 'not-found')) throw error;
      }
    }
    const auth = authFor(this.#request.auths, reference);
    await this.#env.images.pull(reference, {
      ...(platform !== undefined && { platform }),
      ...(auth && { auth }),
      onProgress: (message) => void output.message(message),
      signal: this.#signal,
    });
    return await this.#env.images.assembly.base(reference, platform);
  }
}

/** The state that an image is. */
export function stateOf({ image, layers }: BaseImage): BuildState {
  const { config } = image;
  return {
    id: image.id,
    platform: image.platform,
    config: config.config,
    author: config.author,
    created: config.created,
    history: config.history,
    layers,
    chain: image.chainId,
    imageId: image.id,
  };
}

/** Throws invalid-argument for text that is no platform. */
export function checkedPlatform(text: string): string {
  parsePlatform(text);
  return text;
}
