import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, openSync, readdirSync, readSync, type BigIntStats } from 'node:fs';
import { PouchError } from '@pouch/base';
import { type ByteString, itself } from './bytes.ts';
import { ConfinedWalk, hold, linkText } from './confined-walk.ts';

const MAX_DEPTH = 1_000;
const buffer = Buffer.allocUnsafe(1 << 20);

/**
 * A checksum over files: names, types, modes, link targets and contents; not times, and not owners, for a copy out of a build
 * context belongs to whom the Dockerfile says. Two trees with the same checksum are copied alike.
 */
export function hashPaths(root: number, paths: readonly ByteString[]): string[] {
  using walk = new ConfinedWalk(root);
  return paths.map((path) => {
    using place = walk.walk(`/${path}`, { followLast: true });
    if (place.descriptor === undefined || !place.stat)
      throw new PouchError('not-found', `stat ${path}: file does not exist`);
    const hash = createHash('sha256');
    add(hash, '', place.descriptor, place.stat, place.parent, place.name, 0);
    return `${place.stat.isDirectory() ? 'dir' : 'file'}:${hash.digest('hex')}`;
  });
}

function add(
  hash: Hash,
  path: ByteString,
  descriptor: number,
  stat: BigIntStats,
  parent: number,
  name: ByteString,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new PouchError('too-large', 'the tree to be copied is too deep');
  const link = stat.isSymbolicLink() ? (linkText(parent, name) ?? '') : '';
  const size = stat.isFile() ? stat.size : 0n;
  hash.update(`${path.length}:${path}\0${stat.mode.toString(8)}\0${stat.rdev}\0${size}\0${link}\0`, 'latin1');
  if (stat.isFile()) addContent(hash, descriptor);
  if (!stat.isDirectory()) return;
  for (const inner of readdirSync(itself(descriptor), { encoding: 'latin1' }).toSorted()) {
    const held = hold(descriptor, inner);
    if (!held) continue;
    try {
      add(hash, `${path}/${inner}`, held.descriptor, held.stat, descriptor, inner, depth + 1);
    } finally {
      closeSync(held.descriptor);
    }
  }
}

function addContent(hash: Hash, descriptor: number): void {
  const file = openSync(itself(descriptor), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (;;) {
      const count = readSync(file, buffer, 0, buffer.length, null);
      if (count === 0) return;
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}
