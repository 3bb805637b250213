import type {
  AuthConfig,
  ContainerChange,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerPruneResponse,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerUpgradeRequest,
  ContainerUpgradeResponse,
  ContainerWaitResponse,
  WaitCondition,
} from '@pouch/api';
import { authHeader } from './images.ts';
import { jsonLines } from './json-stream.ts';
import { segment } from './path.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { ApiResponse, HijackedStream, Transport } from './transport.ts';

export interface ContainerListOptions {
  readonly all?: boolean;
  readonly limit?: number;
  readonly size?: boolean;
  readonly filters?: Filters;
}

export interface AttachOptions {
  readonly stream: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly logs?: boolean;
  readonly detachKeys?: string;
}

export interface LogsOptions {
  readonly follow?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Seconds since the epoch, with a fraction. */
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
  readonly details?: boolean;
  readonly tail?: string;
}

/** `/containers`. Ids may be names or unambiguous prefixes everywhere. */
export class ContainersApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(options: ContainerListOptions = {}): Promise<ContainerSummary[]> {
    const { filters, ...query } = options;
    return await this.#transport.json({
      method: 'GET',
      path: '/containers/json',
      query: { ...query, filters: encodeFilters(filters) },
    });
  }

  async create(
    config: ContainerCreateRequest,
    options: { readonly name?: string; readonly platform?: string } = {},
  ): Promise<ContainerCreateResponse> {
    const { name, platform } = options;
    return await this.#transport.json({
      method: 'POST',
      path: '/containers/create',
      query: { name, platform: platform || undefined },
      json: config,
    });
  }

  async inspect(id: string, options: { readonly size?: boolean } = {}): Promise<ContainerInspect> {
    return await this.#transport.json({
      method: 'GET',
      path: `/containers/${segment(id)}/json`,
      query: { size: options.size },
    });
  }

  async start(
    id: string,
    options: { readonly detachKeys?: string; readonly checkpoint?: string; readonly checkpointDir?: string } = {},
  ): Promise<void> {
    const { detachKeys, checkpoint, checkpointDir } = options;
    await this.#act(id, 'start', { detachKeys, checkpoint, 'checkpoint-dir': checkpointDir });
  }

  /** `timeout` in seconds; -1 waits for ever. */
  async stop(id: string, options: { readonly signal?: string; readonly timeout?: number } = {}): Promise<void> {
    await this.#act(id, 'stop', { signal: options.signal, t: options.timeout });
  }

  async restart(id: string, options: { readonly signal?: string; readonly timeout?: number } = {}): Promise<void> {
    await this.#act(id, 'restart', { signal: options.signal, t: options.timeout });
  }

  async kill(id: string, signal?: string): Promise<void> {
    await this.#act(id, 'kill', { signal });
  }

  async pause(id: string): Promise<void> {
    await this.#act(id, 'pause');
  }

  async unpause(id: string): Promise<void> {
    await this.#act(id, 'unpause');
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#act(id, 'rename', { name });
  }

  async resize(id: string, height: number, width: number): Promise<void> {
    await this.#act(id, 'resize', { h: height, w: width });
  }

  async update(id: string, config: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    return await this.#transport.json({ method: 'POST', path: `/containers/${segment(id)}/update`, json: config });
  }

  /** Resolves when the new image has proved itself. */
  async upgrade(
    id: string,
    request: ContainerUpgradeRequest,
    options: { readonly auth?: AuthConfig } = {},
  ): Promise<ContainerUpgradeResponse> {
    const path = `/containers/${segment(id)}/upgrade`;
    return await this.#transport.json({ method: 'POST', path, json: request, headers: authHeader(options.auth) });
  }

  async remove(
    id: string,
    options: { readonly force?: boolean; readonly volumes?: boolean; readonly link?: boolean } = {},
  ): Promise<void> {
    await this.#transport.empty({
      method: 'DELETE',
      path: `/containers/${segment(id)}`,
      query: { force: options.force, v: options.volumes, link: options.link },
    });
  }

  /**
   * Wait for the condition. The daemon answers with its headers as soon as it listens, so `registered` resolves before
   * the container needs to be started and nothing is missed.
   */
  wait(
    id: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): { readonly registered: Promise<void>; readonly result: Promise<ContainerWaitResponse> } {
    const response = this.#transport.request({
      method: 'POST',
      path: `/containers/${segment(id)}/wait`,
      query: { condition },
      ...(signal && { signal }),
    });
    const registered = response.then(() => {});
    const result = response.then(async (answer) => JSON.parse(await answer.text()) as ContainerWaitResponse);
    registered.catch(() => {});
    result.catch(() => {});
    return { registered, result };
  }

  async attach(id: string, options: AttachOptions): Promise<HijackedStream> {
    const { detachKeys, ...query } = options;
    return await this.#transport.hijack({
      method: 'POST',
      path: `/containers/${segment(id)}/attach`,
      query: { ...query, detachKeys: detachKeys || undefined },
    });
  }

  /** The log as it comes: framed when the container has no terminal (see `demultiplex`), else raw. */
  async logs(id: string, options: LogsOptions, signal?: AbortSignal): Promise<ApiResponse> {
    return await this.#transport.request({
      method: 'GET',
      path: `/containers/${segment(id)}/logs`,
      query: { ...options },
      ...(signal && { signal }),
    });
  }

  async top(id: string, psArguments?: string): Promise<ContainerTop> {
    const path = `/containers/${segment(id)}/top`;
    return await this.#transport.json({ method: 'GET', path, query: { ps_args: psArguments || undefined } });
  }

  async *stats(
    id: string,
    options: { readonly stream: boolean; readonly oneShot?: boolean; readonly signal?: AbortSignal },
  ): AsyncGenerator<ContainerStats> {
    const response = await this.#transport.request({
      method: 'GET',
      path: `/containers/${segment(id)}/stats`,
      query: { stream: options.stream ? '1' : '0', 'one-shot': options.oneShot },
      ...(options.signal && { signal: options.signal }),
    });
    yield* jsonLines<ContainerStats>(response.body);
  }

  async changes(id: string): Promise<ContainerChange[] | null> {
    return await this.#transport.json({ method: 'GET', path: `/containers/${segment(id)}/changes` });
  }

  async export(id: string): Promise<ApiResponse> {
    return await this.#transport.request({ method: 'GET', path: `/containers/${segment(id)}/export` });
  }

  async prune(filters?: Filters): Promise<ContainerPruneResponse> {
    return await this.#transport.json({
      method: 'POST',
      path: '/containers/prune',
      query: { filters: encodeFilters(filters) },
    });
  }

  async #act(
    id: string,
    action: string,
    query: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ): Promise<void> {
    await this.#transport.empty({ method: 'POST', path: `/containers/${segment(id)}/${action}`, query });
  }
}
