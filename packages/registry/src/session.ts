import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { type Logger, PouchError, sleep } from '@pouch/base';
import type { AuthorisationContext, Authoriser } from './authoriser.ts';
import type { RegistryCredentials } from './credentials.ts';
import type { Endpoint, EndpointDirectory } from './endpoint.ts';
import { describeNetworkError, readFailure } from './failure.ts';
import { discardBody, type HttpRequest, type HttpResponse, type HttpTransport, isNetworkError } from './http.ts';
import { DEFAULT_TIMEOUTS, type RegistrySettings, type RegistryTimeouts } from './settings.ts';

const REDIRECT_LIMIT = 10;
const MAX_RETRY_DELAY = 10_000;
/** Longest `Retry-After` that is waited for, in milliseconds. */
const MAX_RETRY_AFTER = 60_000;
const DEFAULT_ATTEMPTS = 5;
const DEFAULT_RETRY_DELAY = 250;

/** Options that every operation takes. */
export interface CallOptions {
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SessionRequest {
  readonly method: HttpRequest['method'];
  /** Below the endpoint, such as `v2/library/busybox/tags/list?n=5`, or a whole address on any host. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each try, so that a stream can be sent again. */
  readonly body?: () => Uint8Array | Readable | Promise<Readable>;
  readonly scopes: readonly string[];
  /** Statuses that are answers; every other becomes an error. */
  readonly accept: readonly number[];
  /** For messages: `manifest of busybox`. */
  readonly what: string;
  /** Tries in all; the settings' by default. 1 for what must not be repeated blindly. */
  readonly attempts?: number;
  /** Milliseconds until the response; the settings' by default. */
  readonly timeout?: number;
}

export interface SessionDependencies {
  readonly transport: HttpTransport;
  readonly endpoints: EndpointDirectory;
  readonly authoriser: Authoriser;
  readonly logger: Logger;
}

/** Requests to one endpoint on behalf of one caller: authorised, redirected, repeated where that is safe. */
export class Session {
  readonly endpoint: Endpoint;
  readonly timeouts: RegistryTimeouts;
  readonly signal: AbortSignal | undefined;
  readonly #credentials: RegistryCredentials | undefined;
  readonly #settings: RegistrySettings;
  readonly #dependencies: SessionDependencies;

  constructor(endpoint: Endpoint, call: CallOptions, settings: RegistrySettings, dependencies: SessionDependencies) {
    this.endpoint = endpoint;
    this.signal = call.signal;
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...settings.timeouts };
    this.#credentials = endpoint.isMirror ? endpoint.mirrorCredentials : call.credentials;
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  /** `registry.example:5000`, for messages. */
  get host(): string {
    return this.endpoint.base.host;
  }

  get attempts(): number {
    return this.#settings.attempts ?? DEFAULT_ATTEMPTS;
  }

  /** Send, and return an answer with an accepted status; its body is the caller's to read or discard. */
  async send(request: SessionRequest): Promise<HttpResponse> {
    const attempts = request.attempts ?? this.attempts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.#authorised(request);
        if (request.accept.includes(response.status)) return response;
        const isLast = attempt >= attempts || !isTransient(response.status);
        if (isLast) throw await readFailure(response, request.what);
        await discardBody(response);
        await this.#pause(attempt, request.what, `HTTP status ${response.status}`, response.headers);
      } catch (error) {
        // A server that refuses connections or certificates will not change its mind within seconds.
        const isLast = attempt >= attempts || !isNetworkError(error) || isRefusal(error);
        if (isLast || this.signal?.aborted) throw describeNetworkError(error, request.what, this.host);
        await this.#pause(attempt, request.what, error);
      }
    }
  }

  /** The answer to a request that brings no authorisation. */
  async challenge(request: SessionRequest): Promise<HttpResponse> {
    return await this.#redirected(request, undefined);
  }

  /** The token exchange of `login`: see `Authoriser.loginToken`. */
  async loginToken(response: HttpResponse): Promise<string | undefined> {
    const token = await this.#dependencies.authoriser.loginToken(response, this.#context([], undefined));
    return token?.refreshToken;
  }

  /** Wait before try `attempt + 1`: as long as the server asks for, else with exponential back-off. */
  async pause(attempt: number, what: string, reason: unknown): Promise<void> {
    await this.#pause(attempt, what, reason);
  }

  async #pause(attempt: number, what: string, reason: unknown, headers: IncomingHttpHeaders = {}): Promise<void> {
    const backOff =
      (this.#settings.retryDelay ?? DEFAULT_RETRY_DELAY) * 2 ** (attempt - 1) * (0.8 + Math.random() * 0.4);
    const wait = retryAfter(headers['retry-after']) ?? Math.min(backOff, MAX_RETRY_DELAY);
    this.#dependencies.logger.debug('registry request failed, trying again', {
      what,
      host: this.host,
      attempt,
      reason,
      wait: Math.round(wait),
    });
    await sleep(wait, this.signal);
  }

  async #authorised(request: SessionRequest): Promise<HttpResponse> {
    const { authoriser } = this.#dependencies;
    const context = this.#context(request.scopes, request.timeout);
    const authorization = await authoriser.forRequest(context);
    const response = await this.#redirected(request, authorization);
    // Only the registry itself may ask for its credentials, not a host that it redirects to.
    if (response.status !== 401 || response.url.origin !== this.endpoint.base.origin) return response;
    const better = await authoriser.afterRefusal(response, authorization, context);
    if (better === undefined) return response;
    await discardBody(response);
    return await this.#redirected(request, better);
  }

  /** Follow redirects. What belongs to the registry (authorisation, client certificate) stays with its origin. */
  async #redirected(request: SessionRequest, authorization: string | undefined): Promise<HttpResponse> {
    let url = typeof request.target === 'string' ? new URL(request.target, this.endpoint.base) : request.target;
    for (let hop = 0; hop <= REDIRECT_LIMIT; hop += 1) {
      const response = await this.#once(request, url, authorization);
      const { location } = response.headers;
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== undefined;
      if (!isRedirect || request.accept.includes(response.status)) return response;
      if (request.method !== 'GET' && request.method !== 'HEAD') return response;
      await discardBody(response);
      url = await this.#redirectTarget(url, location);
    }
    throw new PouchError('upstream', `${request.what}: ${this.host} redirects more than ${REDIRECT_LIMIT} times`);
  }

  async #once(request: SessionRequest, url: URL, authorization: string | undefined): Promise<HttpResponse> {
    const isOwn = url.origin === this.endpoint.base.origin;
    const tls = isOwn ? this.endpoint.tls : (await this.#dependencies.endpoints.tlsFor(url)).tls;
    const body = await request.body?.();
    return await this.#dependencies.transport.send({
      method: request.method,
      url,
      tls,
      headers: {
        'user-agent': this.#userAgent,
        ...request.headers,
        ...(isOwn && authorization !== undefined && { authorization }),
      },
      ...(body && { body }),
      signal: this.signal,
      timeout: request.timeout ?? this.timeouts.response,
    });
  }

  async #redirectTarget(from: URL, location: string): Promise<URL> {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (!to || !/^https?:$/.test(to.protocol)) {
      throw new PouchError('upstream', `${from.host} redirects to an address that is not HTTP`);
    }
    const isDowngrade = from.protocol === 'https:' && to.protocol === 'http:';
    if (isDowngrade && !(await this.#dependencies.endpoints.tlsFor(to)).insecure) {
      throw new PouchError(
        'upstream',
        `${from.host} redirects from HTTPS to plain HTTP at ${to.host}, which is refused`,
      );
    }
    to.username = '';
    to.password = '';
    return to;
  }

  get #userAgent(): string {
    return this.#settings.userAgent ?? 'pouch';
  }

  #context(scopes: readonly string[], timeout: number | undefined): AuthorisationContext {
    return {
      endpoint: this.endpoint,
      credentials: this.#credentials,
      scopes,
      signal: this.signal,
      timeout: timeout ?? this.timeouts.response,
      userAgent: this.#userAgent,
    };
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

function isRefusal(error: unknown): boolean {
  return /ECONNREFUSED|ENOTFOUND|EPROTO|ERR_SSL|CERT/.test(String((error as { code?: unknown }).code ?? ''));
}

/** Milliseconds from `Retry-After`, which is seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const wait = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), MAX_RETRY_AFTER) : undefined;
}
