import { PouchError } from '@pouch/base';
import { JsonReader } from '@pouch/oci';
import { basicAuthorization, credentialsKey, type RegistryCredentials } from './credentials.ts';
import { readFailure } from './failure.ts';
import { type HttpResponse, readBody } from './http.ts';

const CLIENT_ID = 'pouch';
const TOKEN_BODY_LIMIT = 1024 * 1024;
/** Seconds; what the token specification assumes when the server does not say. */
const DEFAULT_LIFETIME = 60;
/** Milliseconds by which a token is thought to end sooner, so that it does not end on its way. */
const MARGIN = 10_000;
const CACHE_LIMIT = 500;

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string;
  /** `repository:library/busybox:pull`, … */
  readonly scopes: readonly string[];
  readonly credentials?: RegistryCredentials | undefined;
  /** Ask for a refresh token as well. */
  readonly offline?: boolean;
}

export interface Token {
  readonly value: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

type Fetch = (
  method: 'GET' | 'POST',
  url: URL,
  headers: Record<string, string>,
  body?: Uint8Array,
) => Promise<HttpResponse>;

/** Tokens by server, scope and credentials, kept until shortly before they expire. Equal requests at once become one. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  /** A valid token, from the cache or from the authorisation server. */
  async get(request: TokenRequest, fetch: Fetch): Promise<Token> {
    const key = keyOf(request);
    const cached = this.#tokens.get(key);
    if (cached) {
      const token = await cached.catch(() => undefined);
      if (token && token.expires - MARGIN > Date.now()) return token;
      if (this.#tokens.get(key) === cached) this.#tokens.delete(key);
    }
    const pending = this.#tokens.get(key) ?? requestToken(request, fetch);
    this.#tokens.set(key, pending);
    pending.catch(() => this.#tokens.delete(key));
    if (this.#tokens.size > CACHE_LIMIT) this.#tokens.delete(this.#tokens.keys().next().value ?? '');
    return await pending;
  }

  /** Forget a token that the registry refused. */
  drop(request: TokenRequest): void {
    this.#tokens.delete(keyOf(request));
  }
}

function keyOf({ realm, service, scopes, credentials, offline }: TokenRequest): string {
  return JSON.stringify([realm.href, service, scopes, credentialsKey(credentials), offline ?? false]);
}

/**
 * Ask the authorisation server: by OAuth2 (POST) with an identity token, else as the Docker token specification has it (GET,
 * basic authentication where there is a password).
 */
async function requestToken(request: TokenRequest, fetch: Fetch): Promise<Token> {
  const { identitytoken } = request.credentials ?? {};
  const response = identitytoken ? await postToken(request, identitytoken, fetch) : await getToken(request, fetch);
  if (response.status !== 200) throw await readFailure(response, 'authentication');
  const reader = JsonReader.parse(
    await readBody(response, TOKEN_BODY_LIMIT),
    TOKEN_BODY_LIMIT,
    `token of ${request.realm.host}`,
  );
  const value = reader.get('token').optionalString() || reader.get('access_token').optionalString();
  if (!value || !/^[\x21-\x7e]+$/.test(value)) {
    throw new PouchError('upstream', `the authorisation server ${request.realm.host} sent no usable token`);
  }
  const seconds = reader.get('expires_in').optional((lifetime) => lifetime.integer()) ?? DEFAULT_LIFETIME;
  const refreshToken = reader.get('refresh_token').optionalString();
  return {
    value,
    ...(refreshToken && { refreshToken }),
    expires: Date.now() + Math.max(seconds, DEFAULT_LIFETIME) * 1000,
  };
}

async function getToken(request: TokenRequest, fetch: Fetch): Promise<HttpResponse> {
  const url = new URL(request.realm);
  if (request.service !== '') url.searchParams.set('service', request.service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  const authorization = basicAuthorization(request.credentials);
  if (authorization !== undefined) url.searchParams.set('account', request.credentials?.username ?? '');
  if (request.offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT_ID);
  }
  return await fetch('GET', url, authorization === undefined ? {} : { authorization });
}

async function postToken(request: TokenRequest, refreshToken: string, fetch: Fetch): Promise<HttpResponse> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    service: request.service,
    client_id: CLIENT_ID,
    scope: request.scopes.join(' '),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return await fetch('POST', request.realm, headers, Buffer.from(form.toString()));
}
