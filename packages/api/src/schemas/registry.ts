import { list, notActedUpon, nullable, object, type Static, str } from '../schema/type.ts';
import { Descriptor, Platform } from './descriptor.ts';

/** Credentials for a registry: the body of /auth, and `X-Registry-Auth` as base64url of this JSON. */
export const AuthConfig = object(
  'AuthConfig',
  {},
  {
    username: str(),
    password: str(),
    auth: str('Base64 of username:password.'),
    email: notActedUpon('As with Docker: registries ask for none.', str()),
    serveraddress: str(),
    identitytoken: str('A refresh token.'),
    registrytoken: str('A bearer token.'),
  },
);
export type AuthConfig = Static<typeof AuthConfig>;

export const AuthResponse = object('AuthResponse', { Status: str(), IdentityToken: str() });
export type AuthResponse = Static<typeof AuthResponse>;

export const DistributionInspect = object('DistributionInspect', {
  Descriptor,
  Platforms: nullable(list(Platform)),
});
export type DistributionInspect = Static<typeof DistributionInspect>;
