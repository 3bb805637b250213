import { PouchError } from '@pouch/base';
import {
  canonicalString,
  type Digest,
  type ImageReference,
  isDigest,
  isTag,
  parseReference,
  tryParseReference,
  withDefaultTag,
  withDigest,
  withTag,
} from '@pouch/oci';

/**
 * Containerd keeps an image only under a name. One that lost its last name stays known under this prefix and its digest;
 * the API shows it as `<none>`.
 */
export const DANGLING_NAME = 'pouch-dangling';
const DANGLING_PREFIX = `${DANGLING_NAME}@`;

export function danglingName(target: Digest): string {
  return DANGLING_PREFIX + target;
}

export function isDanglingName(name: string): boolean {
  return name.startsWith(DANGLING_PREFIX) && isDigest(name.slice(DANGLING_PREFIX.length));
}

/**
 * A stored name as a reference, or undefined where it is none: our own dangling names, and the bare config digests under
 * which containerd's CRI plugin keeps its second name for an image.
 */
export function referenceOfName(name: string): ImageReference | undefined {
  if (isDanglingName(name) || isDigest(name)) return undefined;
  const reference = tryParseReference(name);
  // Only names in full form are ours: `busybox` stored as such is not the `docker.io/library/busybox` that it parses to.
  return reference && canonicalString(reference) === name ? reference : undefined;
}

/** The name an image is stored under: canonical, `:latest` filled in, and no tag beside a digest. Throws invalid-argument. */
export function storedName(text: string): string {
  const reference = withDefaultTag(parseReference(text));
  return canonicalString(reference.digest === undefined ? reference : withDigest(reference, reference.digest));
}

/** A name to give to an image: a repository, and a tag in it or beside it. Throws invalid-argument. */
export function tagTarget(repository: string, tag?: string): ImageReference {
  const reference = parseReference(repository);
  if (reference.digest !== undefined) {
    throw new PouchError('invalid-argument', 'refusing to create a tag with a digest reference');
  }
  if (tag === undefined || tag === '') return withDefaultTag(reference);
  if (!isTag(tag)) throw new PouchError('invalid-argument', 'invalid tag format');
  return withTag(reference, tag);
}

/** What the user wrote when it can only be an id: a digest, or 4 to 64 hexadecimal digits. */
export function idPrefixOf(text: string): string | undefined {
  const hex = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
  return /^[0-9a-f]{2,64}$/.test(hex) ? `sha256:${hex}` : undefined;
}

export function noSuchImage(reference: string): PouchError {
  return new PouchError('not-found', `No such image: ${reference}`);
}
