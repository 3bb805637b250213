import { closeSync, constants, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isErrorCode } from '@pouch/base';
import { runHelper } from './helper-programs.ts';
import type { ByteString } from './bytes.ts';
import { BLOCK } from './tar-header.ts';
import { fileHeader, paxEntry } from './tar-writer.ts';

const KEEP = /^(?:security\.capability|user\..+|system\.posix_acl_(?:access|default))$/;

/**
 * The attributes of an entry that are set: file capabilities, users' own and access lists. `trusted.*` is left out: on a volume
 * it could turn a directory into overlayfs's bookkeeping; so are the labels of security modules, which are the host's.
 */
export function settable(xattrs: ReadonlyMap<string, ByteString>): [string, ByteString][] {
  return [...xattrs].filter(([name, value]) => KEEP.test(name) && !name.includes('\0') && value.length <= 65_536);
}

/**
 * Set attributes on what a descriptor holds. Node cannot; `setfattr` does where it is installed. Elsewhere, for regular files, GNU tar
 * makes an empty file with them in `scratch`, and cp copies nothing but its attributes. Returns a complaint, for a warning: a file
 * system without them is no reason to fail.
 */
export function setXattrs(
  descriptor: number,
  xattrs: readonly [string, ByteString][],
  scratch: string,
): string | undefined {
  try {
    for (const [name, value] of xattrs) {
      const hex = Buffer.from(value, 'latin1').toString('hex');
      const complaint = runHelper('setfattr', ['-n', name, '-v', `0x${hex}`, '/proc/self/fd/3'], [descriptor]);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  } catch (error) {
    if (!isErrorCode(error, 'unsupported')) throw error;
    // cp would copy into a directory, and wait for a FIFO's reader.
    if (!fstatSync(descriptor).isFile()) return 'setfattr is not installed on this host (package attr)';
    return copyXattrs(descriptor, xattrs, scratch);
  }
}

function copyXattrs(descriptor: number, xattrs: readonly [string, ByteString][], scratch: string): string | undefined {
  const directory = mkdtempSync(join(scratch, 'xattr-'));
  const held = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return (
      runHelper(
        'tar',
        ['--xattrs', '--xattrs-include=*', '-C', '/proc/self/fd/3', '-xf', '-'],
        [held],
        archiveOf(xattrs),
      ) ??
      runHelper(
        'cp',
        ['--attributes-only', '--preserve=xattr', '--', '/proc/self/fd/3/f', '/proc/self/fd/4'],
        [held, descriptor],
      )
    );
  } finally {
    closeSync(held);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An archive of one empty file `f` with these attributes. */
function archiveOf(xattrs: readonly [string, ByteString][]): Buffer {
  const records = new Map(xattrs.map(([name, value]) => [`SCHILY.xattr.${name}`, value]));
  return Buffer.concat([paxEntry(records), fileHeader('f'), Buffer.alloc(BLOCK * 2)]);
}
