import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { scalar, type Tree } from '../tree/tree.ts';

/** A path of a Compose file as an absolute one: `~` is the home directory, the rest is relative to `base`. */
export function absolutePath(path: string, base: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return isAbsolute(path) ? path : resolve(base, path);
}

/** A scalar that holds a path, made absolute; anything else as it is. */
export function pathNode(node: Tree, base: string): Tree {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '') return node;
  return { ...scalar(absolutePath(node.value, base), node.at), ...(node.tag && { tag: node.tag }) };
}

/** Whether a build context is fetched by the builder, and so no path here. */
export function isRemoteContext(context: string): boolean {
  return (
    /^(https?|git|ssh|docker-image|oci-layout|service|target):/.test(context) || /^git@|^github\.com\//.test(context)
  );
}
