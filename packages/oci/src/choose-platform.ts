import type { Descriptor } from './descriptor.ts';
import { formatPlatform, type Platform, runnablePlatforms } from './platform.ts';

/**
 * The descriptor of an index that suits `wanted` best: nearest variant first, then order in the index; a descriptor without
 * a platform only if nothing better is there. `strict` takes no lesser architecture or variant in its place. Attestations,
 * which carry the platform `unknown/unknown`, are never chosen.
 */
export function choosePlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
  options: { readonly strict?: boolean } = {},
): Descriptor | undefined {
  const ranking = options.strict ? [formatPlatform(wanted)] : runnablePlatforms(wanted);
  let best: { descriptor: Descriptor; rank: number } | undefined;
  for (const descriptor of manifests) {
    if (descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') continue;
    const rank = descriptor.platform ? ranking.indexOf(formatPlatform(descriptor.platform)) : ranking.length;
    if (rank >= 0 && (best === undefined || rank < best.rank)) best = { descriptor, rank };
  }
  return best?.descriptor;
}
