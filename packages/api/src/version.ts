import { PouchError } from '@pouch/base';

/** The version of the Docker Engine API that Pouch speaks. */
export const API_VERSION = '1.56';
/** The oldest version that it still answers. */
export const MIN_API_VERSION = '1.24';

function parts(version: string): [number, number] {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(version);
  if (!match) throw new PouchError('invalid-argument', `invalid API version '${version}' (example: ${API_VERSION})`);
  return [Number(match[1]), Number(match[2])];
}

/** Less than, equal to or greater than 0, as for `sort`. Throws invalid-argument for what is no version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  return left[0] - right[0] || left[1] - right[1];
}

/** Whether `version` is `other` or newer. */
export function versionAtLeast(version: string, other: string): boolean {
  return compareVersions(version, other) >= 0;
}

/**
 * The version in which a server answers a request. `requested` is the version in the URL; without one it is the newest.
 * Throws invalid-argument when it is out of range, in the words that Docker's clients look for.
 */
export function acceptVersion(requested: string | undefined, newest = API_VERSION, oldest = MIN_API_VERSION): string {
  if (requested === undefined) return newest;
  if (compareVersions(requested, oldest) < 0) {
    throw new PouchError(
      'invalid-argument',
      `client version ${requested} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
      // Clients of such an age show a JSON body as it is.
      { details: { plainText: true } },
    );
  }
  if (compareVersions(requested, newest) > 0) {
    throw new PouchError(
      'invalid-argument',
      `client version ${requested} is too new. Maximum supported API version is ${newest}`,
    );
  }
  return requested;
}

/** The version in which a client speaks, given the `Api-Version` header of the server's ping: the older of the two. */
export function negotiateVersion(server: string | undefined, client = API_VERSION): string {
  if (server === undefined || server === '') return MIN_API_VERSION;
  return compareVersions(server, client) < 0 ? server : client;
}
