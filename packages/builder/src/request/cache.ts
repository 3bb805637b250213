import { csvPairs, PouchError } from '@pouch/base';

/** A place of the build cache: where it comes from, or goes to. */
export interface CacheEntry {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** `type=TYPE,KEY=VALUE…`, or the name of an image. Throws `invalid-argument`, and `unsupported` for a directory. */
export function parseCacheEntry(text: string, flag: 'cache-from' | 'cache-to'): CacheEntry {
  const pairs = csvPairs(text);
  if (pairs.every(([, value]) => value === undefined)) return { type: 'registry', attributes: { ref: text } };
  const attributes: Record<string, string> = {};
  let type = '';
  for (const [key, value] of pairs) {
    if (value === undefined) throw new PouchError('invalid-argument', `--${flag} ${text}: ${key} has no value`);
    if (key === 'type') type = value;
    else attributes[key] = value;
  }
  if (type === '')
    throw new PouchError('invalid-argument', `--${flag} ${text}: it needs a type, such as type=registry`);
  if (type === 'local') {
    throw new PouchError(
      'unsupported',
      `--${flag} ${text}: a cache in a directory is for docker buildx; use type=registry or type=inline`,
    );
  }
  return { type, attributes };
}
