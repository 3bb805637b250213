import { createHash } from 'node:crypto';

/** What a client sends for one registry: Docker's AuthConfig, from `X-Registry-Auth` or config.json. */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  /** An OAuth2 refresh token, in place of user name and password. */
  readonly identitytoken?: string;
  /** A bearer token that goes to the registry as it is. */
  readonly registrytoken?: string;
  /** Which registry these are for; see `registryDomain`. */
  readonly serveraddress?: string;
}

/** The `Authorization` value for HTTP basic authentication, or undefined without a user name. */
export function basicAuthorization(credentials: RegistryCredentials | undefined): string | undefined {
  if (!credentials?.username || credentials.password === undefined) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}

/** Tells credentials apart in a cache without keeping them as its key. */
export function credentialsKey(credentials: RegistryCredentials | undefined): string {
  if (!credentials) return '';
  const { username, password, identitytoken, registrytoken } = credentials;
  const text = JSON.stringify([username, password, identitytoken, registrytoken]);
  return createHash('sha256').update(text).digest('base64');
}
