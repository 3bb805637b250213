import type { ImageReference } from '@pouch/oci';

/** Scopes of bearer tokens (distribution, "Token Scope Documentation"). */
export function pullScope({ path }: ImageReference): string {
  return `repository:${path}:pull`;
}

export function pushScope({ path }: ImageReference): string {
  return `repository:${path}:pull,push`;
}
