import { mkdir, readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { findExecutable, shellWord, writeFileAtomic } from '@pouch/base';

const SHIM = 'containerd-shim-';
const RUNC_SHIM = `${SHIM}runc-v2`;
/** Where the runc shim keeps the state of containers that name no place of their own. */
const DEFAULT_ROOT = '/run/containerd/runc';

export interface ShimDoorsOptions {
  /** A directory for them, which holds nothing else. */
  readonly directory: string;
  /** Where programs are looked for, in order. */
  readonly path: readonly string[];
  /** What timers of a shim and of its containers may be late by, in nanoseconds, whatever containerd's may; see `timerSlack`. */
  readonly timerSlack: number | undefined;
  readonly deletedFaster?: DeletedFaster | undefined;
}

/** Tasks of the runc shim that are deleted faster. */
export interface DeletedFaster {
  /** The containerd namespace whose tasks name `runtimeRoot`. */
  readonly namespace: string;
  /** Below it, in a directory by the namespace's name, the OCI runtime has one by the container's id for as long as it knows it. */
  readonly runtimeRoot: string;
}

/**
 * Write a program by the name of each shim there is, to be found before it on containerd's PATH, that becomes the shim. Shims,
 * and so containers, do not inherit what containerd alone is to have. And one call goes no further: when a task is deleted
 * containerd waits for the end of its shim, and then for `shim delete`, which starts the OCI runtime for a container that the
 * shim has just taken away. That is left out where the runtime has no state of it. Resolves with the directory.
 */
export async function writeShimDoors(options: ShimDoorsOptions): Promise<string> {
  const { directory } = options;
  const path = options.path.filter((place) => isAbsolute(place) && place !== directory);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o711 });
  for (const name of await shimsIn(path)) {
    const shim = await findExecutable(name, path);
    if (shim !== undefined) await writeFileAtomic(join(directory, name), door(name, shim, options), 0o755);
  }
  return directory;
}

async function shimsIn(path: readonly string[]): Promise<Set<string>> {
  const names = await Promise.all(path.map(async (place) => await readdir(place).catch(() => [])));
  return new Set(names.flat().filter((name) => name.startsWith(SHIM)));
}

function door(name: string, shim: string, { timerSlack, deletedFaster }: ShimDoorsOptions): string {
  const lines = [
    '#!/bin/sh',
    '# Written anew at each start; changes are lost. What it is for: docs/adr/0038 and 0039.',
  ];
  if (name === RUNC_SHIM && deletedFaster) lines.push(answerToDelete(deletedFaster));
  if (timerSlack !== undefined) lines.push(`echo ${timerSlack} > /proc/self/timerslack_ns`);
  return `${lines.join('\n')}\nexec ${shellWord(shim)} "$@"\n`;
}

function answerToDelete({ namespace, runtimeRoot }: DeletedFaster): string {
  const known = [runtimeRoot, DEFAULT_ROOT].map((root) => `! [ -e ${shellWord(join(root, namespace))}/"$8" ]`);
  return `if [ "$1 $2 $7 \${11}" = ${shellWord(`-namespace ${namespace} -id delete`)} ] && ${known.join(' && ')}; then
  printf '\\020\\211\\001' # The answer that the shim would give: exit status 137.
  exit
fi`;
}
