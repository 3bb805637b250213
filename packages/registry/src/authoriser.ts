import { PouchError } from '@pouch/base';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type RegistryCredentials } from './credentials.ts';
import type { Endpoint, EndpointDirectory } from './endpoint.ts';
import type { HttpResponse, HttpTransport } from './http.ts';
import { type Token, TokenCache, type TokenRequest } from './token.ts';

export interface AuthoriserDependencies {
  readonly transport: HttpTransport;
  readonly endpoints: EndpointDirectory;
}

/** Who asks, and for what. */
export interface AuthorisationContext {
  readonly endpoint: Endpoint;
  readonly credentials: RegistryCredentials | undefined;
  readonly scopes: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly userAgent: string;
}

const SCOPE = /^[a-z0-9()-]+:[^\s:]+(?::\d+)?(?:\/[^\s:]+)*:[a-z*,]+$/;

/** Finds the `Authorization` value that a registry wants, and remembers what it asked for so that later requests bring it at once. */
export class Authoriser {
  readonly #dependencies: AuthoriserDependencies;
  readonly #tokens = new TokenCache();
  readonly #challenges = new Map<string, Challenge>();

  constructor(dependencies: AuthoriserDependencies) {
    this.#dependencies = dependencies;
  }

  /** What to send first, from what the server asked for in the past; undefined before the first challenge. */
  async forRequest(context: AuthorisationContext): Promise<string | undefined> {
    const registryToken = context.credentials?.registrytoken;
    if (registryToken) return `Bearer ${registryToken}`;
    const challenge = this.#challenges.get(context.endpoint.base.href);
    return challenge ? await this.#answer(challenge, context) : undefined;
  }

  /**
   * What to send after a 401: undefined where nothing better than `sent` can be had, and the 401 stands. A token that was
   * refused is dropped.
   */
  async afterRefusal(
    response: HttpResponse,
    sent: string | undefined,
    context: AuthorisationContext,
  ): Promise<string | undefined> {
    if (context.credentials?.registrytoken) return undefined;
    const challenge = choose(parseChallenges(response.headers['www-authenticate']), context);
    if (!challenge) return undefined;
    this.#challenges.set(context.endpoint.base.href, challenge);
    if (challenge.scheme === 'bearer' && sent?.startsWith('Bearer '))
      this.#tokens.drop(this.#request(challenge, context));
    const answer = await this.#answer(challenge, context);
    return answer === sent ? undefined : answer;
  }

  /** A token of the kind that `login` asks for, with a refresh token where the server gives one. */
  async loginToken(response: HttpResponse, context: AuthorisationContext): Promise<Token | undefined> {
    const challenge = choose(parseChallenges(response.headers['www-authenticate']), context);
    if (challenge?.scheme !== 'bearer') return undefined;
    return await this.#token({ ...this.#request(challenge, context), offline: true }, context);
  }

  async #answer(challenge: Challenge, context: AuthorisationContext): Promise<string | undefined> {
    if (challenge.scheme === 'basic') return basicAuthorization(context.credentials);
    return `Bearer ${(await this.#token(this.#request(challenge, context), context)).value}`;
  }

  #request(challenge: Challenge, { scopes, credentials, endpoint }: AuthorisationContext): TokenRequest {
    const asked =
      challenge.parameters
        .get('scope')
        ?.split(' ')
        .filter((scope) => SCOPE.test(scope)) ?? [];
    return {
      realm: realmOf(challenge, endpoint),
      service: challenge.parameters.get('service') ?? '',
      // A remembered challenge was for another repository; the request's own scopes are what counts.
      scopes: scopes.length > 0 ? scopes : asked,
      credentials,
    };
  }

  async #token(request: TokenRequest, context: AuthorisationContext): Promise<Token> {
    const { transport, endpoints } = this.#dependencies;
    return await this.#tokens.get(request, async (method, url, headers, body) => {
      const { tls } = await endpoints.tlsFor(url);
      return await transport.send({
        method,
        url,
        tls,
        headers: { ...headers, 'user-agent': context.userAgent },
        ...(body && { body }),
        signal: context.signal,
        timeout: context.timeout,
      });
    });
  }
}

/** Bearer before basic. A bearer challenge needs a realm; basic is of use only with a password. */
function choose(challenges: readonly Challenge[], context: AuthorisationContext): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm')) ??
    challenges.find(({ scheme }) => scheme === 'basic' && basicAuthorization(context.credentials) !== undefined)
  );
}

/** The realm as an address. One without TLS is refused where the registry itself has TLS: it would carry a password in the clear. */
function realmOf(challenge: Challenge, endpoint: Endpoint): URL {
  const text = challenge.parameters.get('realm') ?? '';
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && endpoint.insecure);
  if (!realm || !isSafe || realm.username || realm.password) {
    throw new PouchError(
      'upstream',
      `${endpoint.base.host} names ${JSON.stringify(text.slice(0, 200))} for tokens, which is not a safe address`,
    );
  }
  return realm;
}
