import {
  acceptVersion,
  API_VERSION,
  type Endpoint,
  matchEndpoint,
  minorOf,
  type Operation,
  splitVersion,
} from '@pouch/api';
import { PouchError } from '@pouch/base';
import { pageNotFound } from '../http/errors.ts';

const NEWEST = minorOf(API_VERSION);
/** Longest path and query that are looked at. */
const URL_LIMIT = 64 * 1024;

/** What a request is about: its path without version, its query and the version it speaks. */
export interface Target {
  readonly path: string;
  readonly search: URLSearchParams;
  /** The number behind `1.`. */
  readonly version: number;
  readonly newest: boolean;
}

export interface FoundOperation {
  readonly operation: Operation;
  readonly path: Readonly<Record<string, string>>;
}

/** Take a request's URL apart. Throws `invalid-argument` for a version outside the range served. */
export function parseTarget(url: string): Target {
  if (url.length > URL_LIMIT) throw new PouchError('invalid-argument', 'the URL is too long');
  const mark = url.indexOf('?');
  let path = mark < 0 ? url : url.slice(0, mark);
  // A proxy's absolute form; and clients that put a slash too many behind the host.
  if (!path.startsWith('/')) path = URL.parse(path)?.pathname ?? '/';
  if (path.startsWith('//')) path = path.replace(/^\/+/, '/');
  const split = splitVersion(path);
  const minor = minorOf(acceptVersion(split.version));
  const search = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  return { path: split.path, search, version: minor, newest: minor === NEWEST };
}

/** The operation that a target means, or undefined: as with Docker, also for a path that is there for other methods. */
export function findOperation(method: string, target: Target): FoundOperation | undefined {
  const match = matchEndpoint(method, target.path);
  return match.kind === 'found' ? match : undefined;
}

export function requireOperation(method: string, target: Target): FoundOperation {
  const found = findOperation(method, target);
  if (!found) throw pageNotFound();
  return found;
}

/** Throws `invalid-argument`, in Docker's words, for an endpoint that the client's version does not have yet. */
export function requireVersion(endpoint: Pick<Endpoint, 'since' | 'method' | 'path'>, target: Target): void {
  const { since, method, path } = endpoint;
  if (since === undefined || minorOf(since) <= target.version) return;
  throw new PouchError('invalid-argument', `${method} ${path} requires minimum API version ${since}`);
}
