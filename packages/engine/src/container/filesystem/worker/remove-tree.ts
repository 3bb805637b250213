import { closeSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { errnoCode, PouchError } from '@pouch/base';
import { at, type ByteString, itself, toText } from './bytes.ts';
import { hold, lookupError } from './confined-walk.ts';

/** Deeper trees are not removed: each level holds a descriptor. */
const MAX_DEPTH = 512;

/**
 * Remove a name in an open directory, and what is below it. Never through a symlink and never into another file system: what
 * is mounted below (a volume) is somebody's data, and the name that leads there is in use anyway.
 */
export function removeTree(directory: number, name: ByteString, depth = 0): void {
  const held = hold(directory, name);
  if (!held) return;
  try {
    if (!held.stat.isDirectory()) return remove(unlinkSync, directory, name);
    if (depth > MAX_DEPTH) throw new PouchError('invalid-argument', `'${toText(name)}' is too deep to be replaced.`);
    const outer = hold(directory, '.');
    if (outer) closeSync(outer.descriptor);
    if (outer && outer.stat.dev !== held.stat.dev) {
      throw new PouchError('conflict', `'${toText(name)}' is in use: something is mounted on it.`);
    }
    for (const inner of readdirSync(itself(held.descriptor), { encoding: 'latin1' })) {
      removeTree(held.descriptor, inner, depth + 1);
    }
    remove(rmdirSync, directory, name);
  } finally {
    closeSync(held.descriptor);
  }
}

function remove(call: (path: Buffer) => void, directory: number, name: ByteString): void {
  try {
    call(at(directory, name));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw lookupError(error, name);
  }
}
