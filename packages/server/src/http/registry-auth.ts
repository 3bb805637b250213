import { type AuthConfig, decodeAuthConfig } from '@pouch/api';

/**
 * The credentials in `X-Registry-Auth`. Undefined for no header, for one without credentials, and for one that cannot be
 * read: as with Docker the request then goes on without any, and the registry says what it wants.
 */
export function registryAuth(header: string | undefined): AuthConfig | undefined {
  try {
    const auth = decodeAuthConfig(header);
    return auth && Object.values(auth).some((value) => value !== '') ? auth : undefined;
  } catch {
    return undefined;
  }
}
