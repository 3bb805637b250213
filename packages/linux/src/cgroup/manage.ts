import { type FSWatcher, watch } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, PouchError, sleep } from '@pouch/base';
import { readControl } from './files.ts';
import type { CgroupPaths } from './paths.ts';
import { readOomKills } from './stats.ts';

/** The directory whose process list stands for the container: cgroup2, else a v1 controller every runtime uses. */
function processDirectory(paths: CgroupPaths): string | undefined {
  if (paths.mode === 'v2') return paths.unified;
  for (const name of ['devices', 'memory', 'pids', 'cpu', 'freezer']) {
    const directory = paths.controllers.get(name);
    if (directory !== undefined) return directory;
  }
  return paths.unified;
}

/** Host pids of all processes of a container, those in sub-groups too. Empty when the group is gone. */
export async function listCgroupPids(paths: CgroupPaths): Promise<number[]> {
  const root = processDirectory(paths);
  if (root === undefined) return [];
  const pids = new Set<number>();
  for (const directory of await listTree(root)) {
    for (const line of ((await readControl(join(directory, 'cgroup.procs'))) ?? '').split('\n')) {
      const pid = Number(line);
      // A process outside this pid namespace shows as 0.
      if (pid > 0) pids.add(pid);
    }
  }
  return [...pids].toSorted((a, b) => a - b);
}

/** Whether any of the directories still exists. */
export async function cgroupExists(paths: CgroupPaths): Promise<boolean> {
  for (const directory of paths.all) if ((await listTree(directory)).length > 0) return true;
  return false;
}

/**
 * Remove a leftover tree of control groups, deepest first, in every hierarchy. Only empty groups can go: the kernel
 * refuses (EBUSY) while a process is inside, and then `conflict` is thrown and nothing was lost. Waits up to half a
 * second for processes that are just dying. Refuses to touch the root of a hierarchy.
 */
export async function removeCgroup(paths: CgroupPaths, ociPath: string): Promise<void> {
  if (ociPath === '' || ociPath === '/') throw new PouchError('internal', 'Will not remove a root control group.');
  for (const top of paths.all) {
    for (const directory of (await listTree(top)).toReversed()) await removeDirectory(directory);
  }
}

/**
 * Call `listener` when the kernel killed in the group for want of memory. cgroup2 tells through inotify at once; for v1,
 * which needs an eventfd that Node.js cannot make, the counter is read every `interval` ms (default 1000).
 */
export function watchOomKills(paths: CgroupPaths, listener: (kills: number) => void, interval = 1000): Disposable {
  let last: number | undefined;
  let stopped = false;
  const check = async (): Promise<void> => {
    const kills = await readOomKills(paths).catch(() => undefined);
    if (stopped || kills === undefined) return;
    if (last !== undefined && kills > last) listener(kills);
    last = kills;
  };
  void check();
  let watcher: FSWatcher | undefined;
  if (paths.mode === 'v2' && paths.unified !== undefined) {
    try {
      watcher = watch(join(paths.unified, 'memory.events'), { persistent: false }, () => void check());
      watcher.on('error', () => {});
    } catch {
      // The group is gone, or inotify is exhausted: the timer below still sees the counter.
    }
  }
  const timer = setInterval(() => void check(), watcher ? interval * 10 : interval);
  timer.unref();
  return {
    [Symbol.dispose]: () => {
      stopped = true;
      clearInterval(timer);
      watcher?.close();
    },
  };
}

/** The directory and all below it, parents first; empty when it does not exist. */
async function listTree(top: string): Promise<string[]> {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(top, { withFileTypes: true });
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTDIR') return [];
    throw error;
  }
  const found = [top];
  for (const entry of entries) if (entry.isDirectory()) found.push(...(await listTree(join(top, entry.name))));
  return found;
}

async function removeDirectory(path: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const code = errnoCode(error);
      if (code === 'ENOENT' || code === 'ENODEV') return;
      if (code !== 'EBUSY') throw error;
      if (attempt >= 10) {
        throw new PouchError('conflict', `The control group ${path} still has processes in it.`, { cause: error });
      }
      await sleep(50);
    }
  }
}
