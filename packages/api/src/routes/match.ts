import { PouchError } from '@pouch/base';
import type { Method } from './endpoint.ts';
import { endpointOf, OPERATIONS, type Operation } from './table.ts';

export type Match =
  | { readonly kind: 'found'; readonly operation: Operation; readonly path: Readonly<Record<string, string>> }
  /** The path exists, but not with this method. */
  | { readonly kind: 'wrong-method'; readonly allowed: readonly Method[] }
  | { readonly kind: 'none' };

interface Pattern {
  readonly operation: Operation;
  readonly method: Method;
  /** What comes before the name, or the whole path when there is none. */
  readonly prefix: string;
  readonly name: string | undefined;
  readonly suffix: string;
  /** A second name, that of the last segment. */
  readonly last: string | undefined;
  readonly slashes: boolean;
}

/** By first segment of the path; those without a name come first, then longer suffixes. */
let patterns: Map<string, Pattern[]> | undefined;

function table(): Map<string, Pattern[]> {
  if (patterns) return patterns;
  patterns = new Map();
  for (const operation of OPERATIONS) {
    const { path, method, nameHoldsSlashes } = endpointOf(operation);
    const parts = /^([^{]*)(?:\{(\w+)\}([^{]*)(?:\{(\w+)\})?)?$/.exec(path);
    const prefix = parts?.[1] ?? path;
    const first = prefix.split('/')[1] as string;
    const group = patterns.get(first) ?? [];
    patterns.set(first, group);
    group.push({
      operation,
      method,
      prefix,
      name: parts?.[2],
      suffix: parts?.[3] ?? '',
      last: parts?.[4],
      slashes: nameHoldsSlashes === true,
    });
  }
  for (const group of patterns.values()) group.sort(byPrecedence);
  return patterns;
}

function byPrecedence(a: Pattern, b: Pattern): number {
  if ((a.name === undefined) !== (b.name === undefined)) return a.name === undefined ? -1 : 1;
  return b.suffix.length - a.suffix.length;
}

/** The version before a path, and the path without it: `/v1.44/info` → `1.44`, `/info`. */
export function splitVersion(pathname: string): { readonly version: string | undefined; readonly path: string } {
  const match = /^\/v(\d{1,4}\.\d{1,4})(\/.*)$/.exec(pathname);
  return match ? { version: match[1], path: match[2] as string } : { version: undefined, path: pathname };
}

/**
 * Which operation a path (still escaped, without version and query) and a method mean. Throws invalid-argument on a wrong
 * escape or a NUL in it.
 */
export function matchEndpoint(method: string, pathname: string): Match {
  const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  const allowed = new Set<Method>();
  for (const pattern of table().get(path.split('/', 2)[1] ?? '') ?? []) {
    const [front, last] = pattern.last === undefined ? [path, undefined] : parted(path);
    if (last === '') continue;
    const value = nameIn(pattern, front);
    if (value === undefined) continue;
    allowed.add(pattern.method);
    if (pattern.method !== method) continue;
    const names = {
      ...(pattern.name !== undefined && { [pattern.name]: decoded(value) }),
      ...(pattern.last !== undefined && { [pattern.last]: decoded(last ?? '') }),
    };
    return { kind: 'found', operation: pattern.operation, path: names };
  }
  return allowed.size > 0 ? { kind: 'wrong-method', allowed: [...allowed] } : { kind: 'none' };
}

/** A path up to its last slash, and what follows. */
function parted(path: string): [front: string, last: string] {
  const at = path.lastIndexOf('/') + 1;
  return [path.slice(0, at), path.slice(at)];
}

/** What stands in the path for the pattern's name ('' for a pattern without one), or undefined when it does not match. */
function nameIn(pattern: Pattern, path: string): string | undefined {
  if (pattern.name === undefined) return path === pattern.prefix ? '' : undefined;
  if (!path.startsWith(pattern.prefix) || !path.endsWith(pattern.suffix)) return undefined;
  const value = path.slice(pattern.prefix.length, path.length - pattern.suffix.length);
  if (value === '' || path.length < pattern.prefix.length + pattern.suffix.length) return undefined;
  return pattern.slashes || !value.includes('/') ? value : undefined;
}

function decoded(value: string): string {
  let text: string;
  try {
    text = decodeURIComponent(value);
  } catch (error) {
    throw new PouchError('invalid-argument', `The path holds a wrong escape: ${value.slice(0, 80)}`, { cause: error });
  }
  if (text.includes('\0')) throw new PouchError('invalid-argument', 'The path holds a NUL character.');
  return text;
}
