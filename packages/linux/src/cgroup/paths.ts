import { basename, join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { CgroupHierarchy } from './hierarchy.ts';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** Where a container's control groups are on this host. */
export interface CgroupPaths {
  readonly mode: CgroupHierarchy['mode'];
  /** cgroup2 directory, with the processes and their limits: in v2 the only one. */
  readonly unified: string | undefined;
  /** v1 controller → directory. */
  readonly controllers: ReadonlyMap<string, string>;
  /** Every directory, controllers that share a hierarchy once, without those below. */
  readonly all: readonly string[];
}

const DEFAULT_PARENT = '/pouch';
const DEFAULT_SLICE = 'system.slice';

/**
 * The `cgroupsPath` of the OCI spec for a container. cgroupfs: `<parent>/<id>` with `/pouch` as the default parent;
 * systemd: `<slice>:pouch:<id>` with `system.slice`. Throws `invalid-argument` for a parent that leaves the hierarchy,
 * or that is no slice under systemd.
 */
export function cgroupsPath(driver: CgroupDriver, containerId: string, parent?: string): string {
  if (driver === 'systemd') {
    const slice = parent || DEFAULT_SLICE;
    if (!/^[\w:.\\@-]+\.slice$/.test(slice) || slice.includes('..') || slice.includes('--')) {
      throw new PouchError(
        'invalid-argument',
        `cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice", not '${slice}'`,
      );
    }
    return `${slice}:pouch:${containerId}`;
  }
  const base = parent || DEFAULT_PARENT;
  if (base.split('/').includes('..') || base.includes('\0')) {
    throw new PouchError('invalid-argument', `The cgroup parent '${base}' may not hold '..'.`);
  }
  return join('/', base, containerId);
}

/** The path inside every hierarchy that an OCI `cgroupsPath` stands for: a `slice:prefix:name` becomes nested slices. */
export function relativeCgroupPath(ociPath: string): string {
  const [slice, prefix, name, ...rest] = ociPath.split(':');
  if (ociPath.startsWith('/') || prefix === undefined || name === undefined || rest.length > 0) {
    return join('/', ociPath);
  }
  const scope = prefix === '' ? name : `${prefix}-${name}`;
  return join(expandSlice(slice === '' || slice === undefined ? DEFAULT_SLICE : slice), `${scope}.scope`);
}

/**
 * The group below its scope in which crun keeps a container on cgroup2 under systemd, limits and all: those of the scope are
 * systemd's, which is told nothing of them. runc does without.
 */
export const CRUN_SUBGROUP = { annotation: 'run.oci.systemd.subgroup', name: 'container' } as const;

/** The directories of the control groups at an OCI `cgroupsPath`. `runtime`: the executable that made them. */
export function cgroupPaths(hierarchy: CgroupHierarchy, ociPath: string, runtime = ''): CgroupPaths {
  const relative = relativeCgroupPath(ociPath);
  const controllers = new Map<string, string>();
  for (const [name, point] of hierarchy.controllers) controllers.set(name, join(point, relative));
  const unified = hierarchy.unified === undefined ? undefined : join(hierarchy.unified, relative);
  const isCrun = /^crun\b/.test(basename(runtime));
  const leaf = isCrun && hierarchy.mode === 'v2' && relative.endsWith('.scope') ? CRUN_SUBGROUP.name : '';
  const named = [...hierarchy.named.values()].map((point) => join(point, relative));
  const all = new Set([...controllers.values(), ...named, ...(unified === undefined ? [] : [unified])]);
  return { mode: hierarchy.mode, unified: unified && join(unified, leaf), controllers, all: [...all] };
}

/** systemd nests slices by their dashes: `a-b.slice` lies at `a.slice/a-b.slice` (systemd.slice(5)). */
function expandSlice(slice: string): string {
  if (slice === '-.slice') return '/';
  const parts = slice.replace(/\.slice$/, '').split('-');
  let path = '/';
  for (let depth = 1; depth <= parts.length; depth += 1) path = join(path, `${parts.slice(0, depth).join('-')}.slice`);
  return path;
}
