import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { PathPatterns } from '@pouch/base';

/**
 * What has to go along so that these paths, which may hold wildcards, can be read: each itself, and where the symbolic links on
 * the way lead, as paths below `root`. An absolute link leads below `root` too, as it will where the files are used.
 */
export function followPaths(root: string, paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) follow(root, clean(path), found);
  return [...found];
}

function follow(root: string, path: string, found: Set<string>): void {
  let current = '';
  let rest = path;
  for (;;) {
    const slash = rest.indexOf('/');
    const name = slash < 0 ? rest : rest.slice(0, slash);
    rest = slash < 0 ? '' : rest.slice(slash + 1);
    current = current === '' ? name : `${current}/${name}`;
    const targets = linksAt(root, current);
    if (targets.length === 0 && rest !== '') continue;
    // Once is enough; a circle of links ends here as well.
    if (found.has(current)) return;
    found.add(current);
    for (const target of targets) follow(root, clean(rest === '' ? target : `${target}/${rest}`), found);
    return;
  }
}

/** Where the links of this name lead; nothing where it is none. */
function linksAt(root: string, path: string): string[] {
  const name = posix.basename(path);
  const directory = posix.dirname(path);
  if (!/[*?[]/.test(name)) return linkTarget(root, path);
  const pattern = PathPatterns.of([name]);
  try {
    return readdirSync(join(root, directory))
      .filter((entry) => pattern.excludes(entry))
      .flatMap((entry) => linkTarget(root, posix.join(directory, entry)));
  } catch {
    return [];
  }
}

function linkTarget(root: string, path: string): string[] {
  try {
    if (!lstatSync(join(root, path)).isSymbolicLink()) return [];
    const target = readlinkSync(join(root, path));
    return [clean(target.startsWith('/') ? target : posix.join(posix.dirname(path), target))];
  } catch {
    // What is not there is said by the build, which asks for it.
    return [];
  }
}

/** Relative to the root and never above it; the root itself is `.`. */
function clean(path: string): string {
  return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '') || '.';
}
