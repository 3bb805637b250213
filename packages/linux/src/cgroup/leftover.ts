import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mount, readMounts, unmount } from '../mounts.ts';
import { type CgroupHierarchy, readCgroupHierarchy } from './hierarchy.ts';

/**
 * crun refuses a hybrid host on which a controller that nobody mounted as v1 (often hugetlb) is still offered by cgroup2.
 * Mounting it as a v1 hierarchy anywhere takes it off cgroup2, so that runc and crun both work. It is mounted in
 * `directory`, out of the way of /sys/fs/cgroup: neither runtime makes groups in it and nothing else on the host changes.
 *
 * A controller that only another daemon has claimed is mounted here as well: it stays off cgroup2 when that one lets go.
 *
 * Does nothing on v1 and v2 hosts, and nothing the second time, so a restarted daemon may call it again. Returns the
 * controllers that are mounted in `directory` now. Throws `internal` when the kernel refuses (a controller with cgroup2
 * children in use cannot be taken).
 */
export async function claimLeftoverControllers(directory: string): Promise<string[]> {
  const hierarchy = await readCgroupHierarchy();
  if (hierarchy.mode === 'hybrid') {
    const claimed = new Set(await claimedControllers(directory));
    const wanted = [...hierarchy.unifiedControllers, ...claimedByOthers(hierarchy)];
    for (const controller of wanted.filter((each) => !claimed.has(each))) {
      const target = join(directory, controller);
      await mkdir(target, { recursive: true, mode: 0o755 });
      try {
        await mount({ type: 'cgroup', source: 'cgroup', target, options: [controller, 'nosuid', 'nodev', 'noexec'] });
      } catch (error) {
        await rmdir(target).catch(() => {});
        throw error;
      }
    }
  }
  return await claimedControllers(directory);
}

/** Undo `claimLeftoverControllers`: the controllers go back to cgroup2 once no group of theirs is left. */
export async function releaseLeftoverControllers(directory: string): Promise<void> {
  const targets = (await claimedControllers(directory)).map((controller) => join(directory, controller));
  await unmount(targets);
  for (const target of targets) await rmdir(target);
  await rmdir(directory).catch(() => {});
}

/** v1 controllers that the host itself has not mounted where controllers belong. */
function claimedByOthers(hierarchy: CgroupHierarchy): string[] {
  return [...hierarchy.controllers].filter(([, point]) => !point.startsWith('/sys/fs/cgroup/')).map(([name]) => name);
}

async function claimedControllers(directory: string): Promise<string[]> {
  const prefix = `${directory}/`;
  return (await readMounts())
    .filter((found) => found.fsType === 'cgroup' && found.mountPoint.startsWith(prefix))
    .map((found) => found.mountPoint.slice(prefix.length));
}
