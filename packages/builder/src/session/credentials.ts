import type { AuthConfig } from '@pouch/api';
import type { GrpcServer } from '@pouch/grpc';
import { AuthDefinition } from '../generated/buildkit/session/auth.ts';

/** The credentials of a registry, as the user's configuration names it; undefined where there are none. */
export type FindCredentials = (server: string) => Promise<AuthConfig | undefined>;

const HUB = 'registry-1.docker.io';
const HUB_IN_CONFIGURATION = 'https://index.docker.io/v1/';

/** Give a build the user's credentials, one registry at a time. */
export function serveCredentials(server: GrpcServer, find: FindCredentials): void {
  server.add(AuthDefinition, {
    credentials: async ({ Host }) => {
      const auth = await find(Host === HUB ? HUB_IN_CONFIGURATION : Host);
      // A secret without a user is a refresh token to BuildKit.
      if (auth?.identitytoken) return { Secret: auth.identitytoken };
      return { Username: auth?.username ?? '', Secret: auth?.password ?? '' };
    },
  });
}
