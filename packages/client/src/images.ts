import type {
  AuthConfig,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageIdResponse,
  ImageInspect,
  ImagePruneResponse,
  ImageSearchResult,
  ImageSummary,
  JSONMessage,
} from '@pouch/api';
import type { RequestBody } from './connection.ts';
import { jsonLines } from './json-stream.ts';
import { imageSegment } from './path.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** Lines of progress; a failure after the first byte is a line with `errorDetail`. */
export type ProgressStream = AsyncGenerator<JSONMessage>;

/** `/images`, and `/commit`. */
export class ImagesApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(
    options: {
      readonly all?: boolean;
      readonly digests?: boolean;
      readonly filters?: Filters;
      readonly sharedSize?: boolean;
    } = {},
  ): Promise<ImageSummary[]> {
    const { filters, sharedSize, ...query } = options;
    return await this.#transport.json({
      method: 'GET',
      path: '/images/json',
      query: { ...query, 'shared-size': sharedSize, filters: encodeFilters(filters) },
    });
  }

  async inspect(reference: string, platform?: string): Promise<ImageInspect> {
    const path = `/images/${imageSegment(reference)}/json`;
    return await this.#transport.json({ method: 'GET', path, query: { platform } });
  }

  async history(reference: string, platform?: string): Promise<ImageHistoryItem[]> {
    const path = `/images/${imageSegment(reference)}/history`;
    return await this.#transport.json({ method: 'GET', path, query: { platform } });
  }

  /** Pull `name` with `tag` (a tag or a digest; empty pulls every tag). */
  async pull(
    name: string,
    tag: string,
    options: { readonly platform?: string; readonly auth?: AuthConfig; readonly signal?: AbortSignal } = {},
  ): Promise<ProgressStream> {
    return await this.#progress({
      method: 'POST',
      path: '/images/create',
      query: { fromImage: name, tag: tag || undefined, platform: options.platform || undefined },
      headers: authHeader(options.auth),
      ...(options.signal && { signal: options.signal }),
    });
  }

  async import(
    source: string,
    options: {
      readonly repo?: string;
      readonly tag?: string;
      readonly message?: string;
      readonly changes?: readonly string[];
      readonly platform?: string;
      readonly body?: RequestBody;
    },
  ): Promise<ProgressStream> {
    const { body, ...query } = options;
    return await this.#progress({
      method: 'POST',
      path: '/images/create',
      query: { fromSrc: source, ...query },
      ...(body !== undefined && { body, contentType: 'application/x-tar' }),
    });
  }

  async push(
    name: string,
    tag: string,
    options: { readonly platform?: string; readonly auth?: AuthConfig } = {},
  ): Promise<ProgressStream> {
    return await this.#progress({
      method: 'POST',
      path: `/images/${imageSegment(name)}/push`,
      query: { tag: tag || undefined, platform: options.platform },
      headers: authHeader(options.auth ?? {}),
    });
  }

  async tag(source: string, repo: string, tag: string): Promise<void> {
    const path = `/images/${imageSegment(source)}/tag`;
    await this.#transport.empty({ method: 'POST', path, query: { repo, tag: tag || undefined } });
  }

  async remove(
    reference: string,
    options: { readonly force?: boolean; readonly noprune?: boolean; readonly platforms?: readonly string[] } = {},
  ): Promise<ImageDeleteItem[]> {
    const path = `/images/${imageSegment(reference)}`;
    return await this.#transport.json({ method: 'DELETE', path, query: { ...options } });
  }

  async search(
    term: string,
    options: { readonly limit?: number; readonly filters?: Filters; readonly auth?: AuthConfig } = {},
  ): Promise<ImageSearchResult[]> {
    return await this.#transport.json({
      method: 'GET',
      path: '/images/search',
      query: { term, limit: options.limit, filters: encodeFilters(options.filters) },
      headers: authHeader(options.auth),
    });
  }

  /** A tar archive of images, Docker's and OCI's layout in one. */
  async save(names: readonly string[], platform?: string): Promise<ApiResponse> {
    return await this.#transport.request({ method: 'GET', path: '/images/get', query: { names, platform } });
  }

  async load(
    tar: RequestBody,
    options: { readonly quiet?: boolean; readonly platform?: string } = {},
  ): Promise<ProgressStream> {
    return await this.#progress({
      method: 'POST',
      path: '/images/load',
      query: { quiet: options.quiet ? '1' : '0', platform: options.platform },
      body: tar,
      contentType: 'application/x-tar',
    });
  }

  async commit(
    container: string,
    options: {
      readonly repo?: string;
      readonly tag?: string;
      readonly comment?: string;
      readonly author?: string;
      readonly pause: boolean;
      readonly changes?: readonly string[];
    },
  ): Promise<ImageIdResponse> {
    const { pause, ...query } = options;
    return await this.#transport.json({
      method: 'POST',
      path: '/commit',
      query: { container, ...query, pause: pause ? '1' : '0' },
      json: {},
    });
  }

  async prune(filters?: Filters): Promise<ImagePruneResponse> {
    const query = { filters: encodeFilters(filters) };
    return await this.#transport.json({ method: 'POST', path: '/images/prune', query });
  }

  async #progress(request: ApiRequest): Promise<ProgressStream> {
    const response = await this.#transport.request(request);
    return jsonLines<JSONMessage>(response.body);
  }
}

/** The header that carries credentials for a registry. */
export function authHeader(auth: AuthConfig | undefined): Record<string, string> {
  if (!auth) return {};
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url') };
}
