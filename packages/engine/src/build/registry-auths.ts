import type { AuthConfig } from '@pouch/api';
import { tryParseReference } from '@pouch/oci';

/** Docker Hub's name in configuration files. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

/** The credentials for an image's registry out of those that came with the request. */
export function authFor(auths: Readonly<Record<string, AuthConfig>>, image: string): AuthConfig | undefined {
  const domain = tryParseReference(image)?.domain;
  if (domain === undefined) return undefined;
  const names = domain === 'docker.io' ? [DOCKER_HUB, 'index.docker.io', 'docker.io'] : [domain];
  const host = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  for (const name of names) if (Object.hasOwn(auths, name)) return auths[name];
  return Object.entries(auths).find(([name]) => host(name) === domain)?.[1];
}
