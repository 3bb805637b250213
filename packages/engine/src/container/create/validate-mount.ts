import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Mount } from '@pouch/api';
import { errnoCode, PouchError } from '@pouch/base';
import { isPropagation } from '../spec/mount-types.ts';
import { LONGEST_PATH, refuseProc } from './bind-spec.ts';
import { invalid } from './invalid.ts';

const OPTIONS_OF = {
  bind: 'BindOptions',
  volume: 'VolumeOptions',
  tmpfs: 'TmpfsOptions',
} as const;

/** Check one `--mount`, its source on the host included. Throws invalid-argument with Docker's words. */
export async function validateMount(mount: Mount): Promise<void> {
  const { Type: type, Target: target = '', Source: source = '' } = mount;
  if (type === 'image' || type === 'npipe' || type === 'cluster') {
    throw new PouchError('unsupported', `invalid mount config for type "${type}": this mount type is not supported`);
  }
  if (type === undefined || !Object.hasOwn(OPTIONS_OF, type))
    throw invalid(`invalid mount config: mount type unknown: "${type ?? ''}"`);
  const bad = (what: string): Error => invalid(`invalid mount config for type "${type}": ${what}`);
  if (target === '') throw bad('field Target must not be empty');
  if (target.includes('\0') || source.includes('\0')) throw bad('a path may not hold a NUL byte');
  if (Math.max(Buffer.byteLength(target), Buffer.byteLength(source)) > LONGEST_PATH) throw bad('a path is too long');
  if (!target.startsWith('/')) throw bad(`invalid mount path: '${target}' mount path must be absolute`);
  if (posix.resolve(target) === '/') throw bad("invalid specification: destination can't be '/'");
  refuseProc(posix.resolve(target), target, type === 'bind' ? posix.resolve(source) : undefined);
  for (const [kind, field] of Object.entries(OPTIONS_OF)) {
    if (kind !== type && mount[field]) throw bad(`field ${field} must not be specified`);
  }
  if (mount.ImageOptions || mount.ClusterOptions) throw bad('field ImageOptions must not be specified');
  if (type === 'bind') await validateBind(mount, source, bad);
  if (type === 'volume') validateVolume(mount, source, bad);
  if (type === 'tmpfs') validateTmpfs(mount, source, bad);
}

type Bad = (what: string) => Error;

async function validateBind(mount: Mount, source: string, bad: Bad): Promise<void> {
  const options = mount.BindOptions ?? {};
  if (source === '') throw bad('field Source must not be empty');
  if (!source.startsWith('/')) throw bad(`invalid mount path: '${source}' mount path must be absolute`);
  const propagation = options.Propagation ?? '';
  if (!isPropagation(propagation)) throw bad(`invalid propagation mode: ${propagation}`);
  if (options.ReadOnlyNonRecursive && !mount.ReadOnly)
    throw bad('mount source must be read-only with ReadOnlyNonRecursive');
  if (options.ReadOnlyForceRecursive) {
    if (!mount.ReadOnly) throw bad('ReadOnlyForceRecursive requires ReadOnly');
    if (options.ReadOnlyNonRecursive) throw bad('ReadOnlyForceRecursive conflicts with ReadOnlyNonRecursive');
    if (options.NonRecursive) throw bad('ReadOnlyForceRecursive conflicts with NonRecursive');
    if (propagation !== 'rprivate') throw bad('ReadOnlyForceRecursive requires Propagation to be "rprivate"');
  }
  if (options.CreateMountpoint) return;
  try {
    await stat(source);
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw bad(`bind source path does not exist: ${source}`);
    throw bad(`bind source path cannot be used: ${source}: ${code}`);
  }
}

function validateVolume(mount: Mount, source: string, bad: Bad): void {
  if (source === '' && mount.ReadOnly) throw bad('must not set ReadOnly mode when using anonymous volumes');
  const subpath = mount.VolumeOptions?.Subpath ?? '';
  if (subpath === '') return;
  if (source === '') throw bad('must not set Subpath when using anonymous volumes');
  if (subpath.includes('\0') || subpath.startsWith('/') || posix.normalize(subpath).split('/')[0] === '..') {
    throw bad('subpath must be a relative path within the volume');
  }
}

function validateTmpfs(mount: Mount, source: string, bad: Bad): void {
  if (source !== '') throw bad('field Source must not be specified');
  const { SizeBytes: size = 0, Mode: mode = 0 } = mount.TmpfsOptions ?? {};
  if (size < 0) throw bad('SizeBytes cannot be negative');
  if (mode > 0o7777) throw bad(`invalid mode ${mode}`);
}
