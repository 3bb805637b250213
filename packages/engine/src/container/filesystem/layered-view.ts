import { posix } from 'node:path';
import { exec, PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { setPropagation } from '@pouch/linux';
import { layersOf } from '../spec/rootfs-view.ts';

/** An overlay as a snapshotter describes it. */
export function isOverlay(mounts: readonly Mount[]): boolean {
  return mounts.length === 1 && mounts[0]?.type === 'overlay';
}

export function upperOf(mounts: readonly Mount[]): string | undefined {
  const option = mounts[0]?.options.find((each) => each.startsWith('upperdir='));
  return option?.slice('upperdir='.length).replace(/\\(.)/g, '$1');
}

/** Directories of the layers below the writable one, newest first. */
export function lowersOf(mounts: readonly Mount[]): string[] {
  const upper = upperOf(mounts);
  return layersOf(mounts).filter((layer) => layer !== upper);
}

/** What another overlay of the same layers must be told to understand them. */
export function viewOptions(mounts: readonly Mount[]): string[] {
  return (mounts[0]?.options ?? []).filter((option) => option === 'userxattr' || option.startsWith('metacopy='));
}

export async function mountSnapshot(mounts: readonly Mount[], target: string): Promise<void> {
  for (const { type, source, target: below, options } of mounts) {
    if (below) throw new PouchError('unsupported', 'A snapshot with mounts inside it cannot be mounted.');
    if (type === 'overlay') await mountOverlay(options, target);
    else await runMount(type === 'bind' ? undefined : type, source, options, target);
    // A bind is its source's peer: what is mounted on it later would appear there too.
    if (type !== 'overlay') await setPropagation(target, 'rprivate');
  }
}

/**
 * Show layers as one tree, read-only, newest first. The topmost may be in use as an overlay's upper directory: whiteouts in it
 * count as they do in any layer, so this shows what a running container has, without anything that is mounted over it.
 */
export async function mountLayers(
  layers: readonly string[],
  target: string,
  options: readonly string[] = [],
): Promise<void> {
  const [only, ...others] = layers;
  if (only === undefined) throw new PouchError('internal', 'There are no layers to show.');
  if (others.length === 0) {
    await runMount(undefined, only, ['bind'], target);
    await setPropagation(target, 'private');
    await runMount(undefined, only, ['remount', 'bind', 'ro'], target);
    return;
  }
  await mountOverlay(['ro', ...options, `lowerdir=${layers.map(escape).join(':')}`], target);
}

/**
 * The kernel takes at most a page of options, which a few dozen full paths would fill: the layers are named from their common
 * directory, where mount(8) is started.
 */
async function mountOverlay(options: readonly string[], target: string): Promise<void> {
  const lower = options.find((option) => option.startsWith('lowerdir='))?.slice('lowerdir='.length) ?? '';
  const paths = lower.match(/(?:\\.|[^:\\])+/g) ?? [];
  // An escaped path is no directory's name as it stands.
  const plain = paths.every((path) => path.startsWith('/') && !path.includes('\\'));
  const directory = plain ? commonDirectory(paths) : '/';
  const relative = paths.map((path) => (directory === '/' ? path : path.slice(directory.length + 1)));
  const others = options.filter((option) => !option.startsWith('lowerdir='));
  await runMount('overlay', 'overlay', [...others, `lowerdir=${relative.join(':')}`], target, directory);
}

async function runMount(
  type: string | undefined,
  source: string,
  options: readonly string[],
  target: string,
  cwd = '/',
): Promise<void> {
  const args = ['--no-mtab', '--no-canonicalize', ...(type === undefined ? [] : ['-t', type])];
  if (options.length > 0) args.push('-o', options.join(','));
  await exec('mount', [...args, '--source', source, '--target', target], { cwd });
}

function commonDirectory(paths: readonly string[]): string {
  let common = posix.dirname(paths[0] ?? '/');
  while (common !== '/' && !paths.every((path) => path.startsWith(`${common}/`))) common = posix.dirname(common);
  return common;
}

function escape(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&');
}
