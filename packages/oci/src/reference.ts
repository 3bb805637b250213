import { PouchError } from '@pouch/base';
import { type Digest, digestProblem, parseDigest } from './digest.ts';

/**
 * A Docker image reference, always in its full form: `busybox` is domain `docker.io`, path `library/busybox`. Neither tag
 * nor digest is filled in; see `withDefaultTag`.
 */
export interface ImageReference {
  /** Registry host with an optional port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository in that registry: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const DEFAULT_DOMAIN = 'docker.io';
export const DEFAULT_TAG = 'latest';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL_PREFIX = 'library/';
/** Longest `domain/path` in characters. */
const NAME_LIMIT = 255;

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN_PATTERN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH_COMPONENT_PATTERN = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG_PATTERN = /^\w[\w.-]{0,127}$/;
const IDENTIFIER_PATTERN = /^[a-f0-9]{64}$/;

/** A whole image ID without its algorithm: 64 hexadecimal digits. */
export function isImageIdentifier(text: string): boolean {
  return IDENTIFIER_PATTERN.test(text);
}

/** Parse a familiar or a full reference. Throws invalid-argument with the text that Docker's client shows. */
export function parseReference(text: string): ImageReference {
  if (isImageIdentifier(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  // No valid reference is longer than a name, a tag and a sha512 digest; this keeps hostile input off the patterns.
  if (text.length === 0 || text.length > 1024) throw invalid('invalid reference format');
  const { domain, remainder } = splitDomain(text);
  const at = remainder.indexOf('@');
  const named = at < 0 ? remainder : remainder.slice(0, at);
  const colon = named.indexOf(':');
  const path = colon < 0 ? named : named.slice(0, colon);
  if (path.toLowerCase() !== path) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!DOMAIN_PATTERN.test(domain) || !path.split('/').every((part) => PATH_COMPONENT_PATTERN.test(part))) {
    throw invalid('invalid reference format');
  }
  if (domain.length + 1 + path.length > NAME_LIMIT) {
    throw invalid('invalid reference format: repository name must not be more than 255 characters');
  }
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG_PATTERN.test(tag)) throw invalid('invalid reference format');
  return {
    domain,
    path,
    ...(tag !== undefined && { tag }),
    ...(at >= 0 && { digest: referenceDigest(remainder.slice(at + 1)) }),
  };
}

/** The reference, or undefined where the text is none. */
export function tryParseReference(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

export function isTag(text: string): boolean {
  return TAG_PATTERN.test(text);
}

/** With `:latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** The same repository with this tag and no digest. Throws invalid-argument. */
export function withTag(reference: ImageReference, tag: string): ImageReference {
  if (!TAG_PATTERN.test(tag)) throw invalid('invalid tag format');
  return { domain: reference.domain, path: reference.path, tag };
}

/** The same repository with this digest and no tag. */
export function withDigest(reference: ImageReference, digest: Digest): ImageReference {
  return { domain: reference.domain, path: reference.path, digest };
}

/** The repository alone, without tag and digest. */
export function trimReference(reference: ImageReference): ImageReference {
  return { domain: reference.domain, path: reference.path };
}

/** `docker.io/library/busybox` */
export function canonicalName(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/busybox:1.36`, with `@digest` behind it where there is one. */
export function canonicalString(reference: ImageReference): string {
  return canonicalName(reference) + suffix(reference);
}

/** `busybox`, `user/app`, `localhost:5000/app`: the shortest name that parses back to the same repository. */
export function familiarName(reference: ImageReference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return canonicalName(reference);
  const { path } = reference;
  const short = path.startsWith(OFFICIAL_PREFIX) ? path.slice(OFFICIAL_PREFIX.length) : path;
  return short.includes('/') ? path : short;
}

/** `busybox:1.36`, what users see. */
export function familiarString(reference: ImageReference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix({ tag, digest }: ImageReference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** The first component is a domain only if it looks like one: a dot, a port, `localhost`, or an upper-case letter. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  const domain = isDomain && first !== LEGACY_DOMAIN ? first : DEFAULT_DOMAIN;
  const remainder = isDomain ? text.slice(slash + 1) : text;
  const isOfficial = domain === DEFAULT_DOMAIN && !/\//.test(remainder);
  return { domain, remainder: isOfficial ? OFFICIAL_PREFIX + remainder : remainder };
}

function referenceDigest(text: string): Digest {
  if (!/^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/.test(text)) {
    throw invalid('invalid reference format');
  }
  const problem = digestProblem(text);
  if (problem !== undefined) throw invalid(`invalid reference format: ${problem}`);
  return parseDigest(text);
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
