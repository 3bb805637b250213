import { PouchError } from '@pouch/base';
import {
  HttpConnection,
  type RawRequest,
  type RawResponse,
  type RequestBody,
  StaleConnectionError,
} from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { connectionError, errorFromResponse } from './errors.ts';
import { encodeQuery, type QueryValue } from './query.ts';
import { API_VERSION, compareVersions, MIN_API_VERSION } from './version.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without the version prefix; parts already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** A list is sent as several headers of that name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** An object is sent as JSON. */
  readonly json?: unknown;
  readonly body?: RequestBody;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface ApiResponse extends RawResponse {
  text(): Promise<string>;
}

export interface TransportOptions {
  readonly endpoint: Endpoint;
  /** Pin the API version; without it the client's own is sent, and lowered when the daemon is older. */
  readonly apiVersion?: string;
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TOO_NEW = /client version [\d.]+ is too new.*?Maximum supported API version is ([\d.]+)/is;

/**
 * Requests to one daemon over kept-alive connections. The API version costs no request of its own: the newest that this
 * client speaks is sent, and only a daemon that says it is older makes for a second try.
 */
export class Transport implements Disposable {
  readonly endpoint: Endpoint;
  readonly #options: TransportOptions;
  readonly #idle: HttpConnection[] = [];
  readonly #open = new Set<HttpConnection>();
  #version: string;
  /** Whether the daemon has answered with this version. */
  #confirmed: boolean;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.endpoint = options.endpoint;
    this.#version = options.apiVersion ?? API_VERSION;
    this.#confirmed = options.apiVersion !== undefined;
  }

  get apiVersion(): string {
    return this.#version;
  }

  /** Send a request; an answer of 400 or more is thrown as PouchError, as is a 304. */
  async request(request: ApiRequest): Promise<ApiResponse> {
    const replayable =
      request.body === undefined || typeof request.body === 'string' || request.body instanceof Uint8Array;
    if (!replayable && !this.#confirmed) await this.negotiate();
    const response = await this.#perform(request, replayable);
    if (response.status < 300) {
      this.#confirmed = true;
      return response;
    }
    const text = await response.text();
    const supported = response.status === 400 ? TOO_NEW.exec(text)?.[1]?.replace(/\.$/, '') : undefined;
    if (supported !== undefined && this.#options.apiVersion === undefined && supported !== this.#version) {
      this.#lower(supported);
      if (replayable) return await this.request(request);
    }
    throw errorFromResponse(response.status, text, `${request.method} ${request.path}`);
  }

  async json<T>(request: ApiRequest): Promise<T> {
    const response = await this.request(request);
    const text = await response.text();
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const what = `${request.method} ${request.path}`;
      throw new PouchError('upstream', `the daemon answered ${what} with something that is not JSON`, { cause: error });
    }
  }

  /** Send a request whose answer has nothing to say. */
  async empty(request: ApiRequest): Promise<void> {
    const response = await this.request(request);
    await response.text();
  }

  /**
   * Take the connection over: afterwards it carries raw bytes in both directions, of the protocol that is named.
   */
  async hijack(request: ApiRequest, protocol: 'tcp' | 'h2c' = 'tcp'): Promise<HijackedStream> {
    const headers = { ...request.headers, Connection: 'Upgrade', Upgrade: protocol };
    const response = await this.request({ ...request, headers });
    const connection = connections.get(response);
    if (!connection) throw new PouchError('internal', 'no connection to take over');
    return {
      contentType: response.headers.get('content-type') ?? 'application/vnd.docker.raw-stream',
      output: response.body,
      write: (data) => connection.write(data),
      endWrite: () => connection.endWrite(),
      destroy: () => connection.destroy(),
    };
  }

  /** Ask the daemon which API version it speaks, and lower ours to it. */
  async negotiate(): Promise<void> {
    if (!this.#confirmed) await this.ping();
  }

  /** The headers of `/_ping`, by which a daemon says what it is. The API version is negotiated by them. */
  async ping(): Promise<ReadonlyMap<string, string>> {
    const response = await this.#perform({ method: 'GET', path: '/_ping' }, true, '');
    await response.text();
    if (this.#confirmed) return response.headers;
    const theirs = response.headers.get('api-version');
    if (theirs !== undefined && compareVersions(theirs, this.#version) < 0) this.#lower(theirs);
    this.#confirmed = true;
    return response.headers;
  }

  #lower(version: string): void {
    if (compareVersions(version, MIN_API_VERSION) < 0) {
      throw new PouchError(
        'unsupported',
        `The daemon at ${this.endpoint.host} speaks API ${version}; this client needs ${MIN_API_VERSION} or newer.`,
      );
    }
    this.#version = version;
  }

  async #perform(request: ApiRequest, replayable: boolean, prefix = `/v${this.#version}`): Promise<ApiResponse> {
    request.signal?.throwIfAborted();
    const raw = this.#rawRequest(request, prefix);
    for (;;) {
      const reused = replayable ? this.#idle.pop() : undefined;
      if (reused?.closed) continue;
      const connection = reused ?? (await this.#connect());
      let answer: RawResponse | undefined;
      const abort = (): void => {
        if (!answer?.body.ended) connection.destroy();
      };
      request.signal?.addEventListener('abort', abort, { once: true });
      try {
        answer = await connection.send(raw);
        return apiResponse(connection, answer);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof StaleConnectionError) continue;
        throw connectionError(error, this.endpoint);
      }
    }
  }

  #rawRequest(request: ApiRequest, prefix: string): RawRequest {
    const base = this.endpoint.kind === 'tcp' ? this.endpoint.basePath : '';
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    const contentType = request.contentType ?? (request.json === undefined ? undefined : 'application/json');
    return {
      method: request.method,
      target: `${base}${prefix}${request.path}${encodeQuery(request.query)}`,
      headers: {
        Host: this.endpoint.kind === 'tcp' ? `${this.endpoint.hostname}:${this.endpoint.port}` : 'pouch',
        'User-Agent': this.#options.userAgent ?? 'pouch-client',
        ...this.#options.headers,
        ...(contentType !== undefined && { 'Content-Type': contentType }),
        ...request.headers,
      },
      ...(body !== undefined && { body }),
    };
  }

  async #connect(): Promise<HttpConnection> {
    try {
      const connection = await HttpConnection.open(this.endpoint);
      this.#open.add(connection);
      connection.onIdle = () => void this.#idle.push(connection);
      return connection;
    } catch (error) {
      throw connectionError(error, this.endpoint);
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#open) connection.destroy();
    this.#open.clear();
    this.#idle.length = 0;
  }
}

/** A connection taken over by {@link Transport.hijack}. */
export interface HijackedStream {
  /** `application/vnd.docker.multiplexed-stream` where stdout and stderr are framed, else raw-stream. */
  readonly contentType: string;
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. */
  write(data: Uint8Array): Promise<void>;
  /** Say that no more input comes; output goes on. */
  endWrite(): void;
  destroy(): void;
}

const connections = new WeakMap<ApiResponse, HttpConnection>();

function apiResponse(connection: HttpConnection, raw: RawResponse): ApiResponse {
  const response: ApiResponse = { ...raw, text: () => readText(raw.body) };
  connections.set(response, connection);
  return response;
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
