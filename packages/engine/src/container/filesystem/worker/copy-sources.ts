import { closeSync, readdirSync } from 'node:fs';
import { PouchError } from '@pouch/base';
import { type ByteString, components, itself, toByteString, toText } from './bytes.ts';
import { ConfinedWalk, hold, type Place } from './confined-walk.ts';
import { componentMatcher, hasWildcards } from './go-match.ts';

/** What one source of COPY means. */
export interface CopySource {
  /** From the root, as written or matched; byte string. */
  readonly path: ByteString;
  readonly isDirectory: boolean;
}

/** More matches are nobody's honest wildcard. */
const MAX_MATCHES = 200_000;

/**
 * The files and directories that the sources of a COPY or ADD name, wildcards resolved by Go's filepath.Match. Symlinks count as
 * what they lead to inside the root. Throws not-found for a source without wildcards that is not there.
 */
export function findSources(root: number, sources: readonly string[]): CopySource[] {
  using walk = new ConfinedWalk(root);
  return sources.flatMap((source) => {
    const names = components(toByteString(source));
    if (names.some((name) => name === '..')) return [single(walk, source, names)];
    return hasWildcards(source) ? matches(walk, root, source, names) : [single(walk, source, names)];
  });
}

function single(walk: ConfinedWalk, source: string, names: readonly ByteString[]): CopySource {
  const path = names.join('/');
  using place = existing(walk, source, path);
  const isDirectory = place.stat?.isDirectory() ?? false;
  if (!isDirectory && source.endsWith('/')) {
    throw new PouchError('invalid-argument', `stat ${source}: not a directory`);
  }
  return { path, isDirectory };
}

function existing(walk: ConfinedWalk, source: string, path: ByteString): Place {
  const place = walk.walk(`/${path}`, { followLast: true });
  if (place.descriptor !== undefined) return place;
  place[Symbol.dispose]();
  throw new PouchError('not-found', `stat ${source}: file does not exist`);
}

function matches(walk: ConfinedWalk, root: number, source: string, pattern: readonly ByteString[]): CopySource[] {
  const matchers = pattern.map((part) => {
    const matcher = componentMatcher(part);
    if (!matcher) throw new PouchError('invalid-argument', `${source}: syntax error in pattern`);
    return matcher;
  });
  const found: CopySource[] = [];
  const visit = (directory: number, above: readonly ByteString[]): void => {
    const matcher = matchers[above.length] as (typeof matchers)[number];
    for (const name of readdirSync(itself(directory), { encoding: 'latin1' }).toSorted()) {
      if (!matcher(name)) continue;
      const names = [...above, name];
      if (names.length === matchers.length) {
        found.push(single(walk, toText(names.join('/')), names));
        if (found.length > MAX_MATCHES) throw new PouchError('too-large', `${source} matches too many files`);
        continue;
      }
      const held = hold(directory, name);
      if (!held) continue;
      try {
        if (held.stat.isDirectory()) visit(held.descriptor, names);
      } finally {
        closeSync(held.descriptor);
      }
    }
  };
  const top = walk.walk('/', { followLast: true });
  try {
    visit(top.descriptor ?? root, []);
  } finally {
    top[Symbol.dispose]();
  }
  return found;
}
