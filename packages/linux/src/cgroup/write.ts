import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import { parseNumber, readControl } from './files.ts';
import type { CgroupPaths } from './paths.ts';

/** Write limits into the files of a container's groups. Throws `internal` with what the kernel refused. */
export async function writeCgroupLimits(
  paths: CgroupPaths,
  limits: {
    readonly v1: readonly (readonly [string, string, string])[];
    readonly v2: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { mode, unified, controllers } = paths;
  const files =
    mode === 'v2' && unified !== undefined
      ? Object.entries(limits.v2).map(([file, value]) => [join(unified, file), value] as const)
      : limits.v1.map(([controller, file, value]) => [join(controllers.get(controller) ?? '/', file), value] as const);
  for (const [path, value] of files) {
    await writeFile(path, value).catch((error: unknown) => {
      throw new PouchError('internal', `${path} does not take ${value}: ${errorMessage(error)}`, { cause: error });
    });
  }
}

/** Give back the page cache that is charged to a group whose processes have ended. A group that is gone is no error. */
export async function reclaimCgroup(paths: CgroupPaths): Promise<void> {
  try {
    if (paths.mode === 'v2' && paths.unified !== undefined) {
      const bytes = parseNumber(await readControl(join(paths.unified, 'memory.current'))) ?? 0;
      if (bytes > 0) await writeFile(join(paths.unified, 'memory.reclaim'), String(bytes));
      return;
    }
    const memory = paths.controllers.get('memory');
    if (memory !== undefined) await writeFile(join(memory, 'memory.force_empty'), '0');
  } catch (error) {
    // EAGAIN: less was there to take than asked for.
    if (!['ENOENT', 'ENODEV', 'EAGAIN', 'EBUSY'].includes(errnoCode(error) ?? '')) throw error;
  }
}
