import { closeSync, lstatSync, readdirSync, rmdirSync, unlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import { HeldDirectory } from '../held-directory.ts';
import { at, itself } from './bytes.ts';
import { hold } from './confined-walk.ts';
import { ENGINE_PATHS } from '../engine-paths.ts';

/**
 * Take out of an overlay's upper directory what a container's start has put there to mount on: empty files and directories that
 * the image does not have, and the directories above them that were copied up for no other reason. Nothing is followed: what a
 * container has made of these paths is looked at name by name.
 */
export function removeEngineFiles(upper: string, lowers: readonly string[]): void {
  using root = new HeldDirectory(upper);
  const parents = new Set<string>();
  for (const path of ENGINE_PATHS.toReversed()) {
    const [top = '', inner] = path.slice(1).split('/');
    if (inner === undefined) removeEmpty(root.descriptor, top, lowers);
    else {
      const held = hold(root.descriptor, top);
      if (!held) continue;
      try {
        if (held.stat.isDirectory() && removeEmpty(held.descriptor, inner, [])) parents.add(top);
      } finally {
        closeSync(held.descriptor);
      }
    }
  }
  for (const name of parents) removeCopiedUp(root.descriptor, name, lowers);
}

/** True when it was there, empty, and is gone. A directory stays that the image has too. */
function removeEmpty(directory: number, name: string, lowers: readonly string[]): boolean {
  const held = hold(directory, name);
  if (!held) return false;
  try {
    if (held.stat.isFile() && held.stat.size === 0n) unlinkSync(at(directory, name));
    else if (held.stat.isDirectory() && !below(name, lowers)) rmdirSync(at(directory, name));
    else return false;
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOTEMPTY' || errnoCode(error) === 'ENOENT') return false;
    throw error;
  } finally {
    closeSync(held.descriptor);
  }
}

/** An empty directory that is as the image has it was only copied up. It cannot hide anything: something was mounted in it. */
function removeCopiedUp(directory: number, name: string, lowers: readonly string[]): void {
  const held = hold(directory, name);
  if (!held) return;
  try {
    const lower = below(name, lowers);
    if (!held.stat.isDirectory() || !lower?.isDirectory() || readdirSync(itself(held.descriptor)).length > 0) return;
    const { mode, uid, gid } = held.stat;
    if (Number(mode) === lower.mode && Number(uid) === lower.uid && Number(gid) === lower.gid) {
      rmdirSync(at(directory, name));
    }
  } finally {
    closeSync(held.descriptor);
  }
}

/** The topmost lower layer's idea of a name in the root. */
function below(name: string, lowers: readonly string[]): Stats | undefined {
  for (const lower of lowers) {
    try {
      return lstatSync(join(lower, name));
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}
