import { readFile } from 'node:fs/promises';
import { exec, PouchError } from '@pouch/base';

/** One line of /proc/<pid>/mountinfo (proc(5)). */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor` of the device. */
  readonly device: string;
  /** The directory of the file system that forms the root of this mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** Propagation and other optional fields: `shared:1`, `master:2`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Parse the text of a mountinfo file. Lines that do not follow proc(5) are left out. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = splitOnce(line, ' - ');
    if (right === undefined) continue;
    const fields = left.split(' ');
    const [fsType = '', source = '', superOptions = ''] = right.split(' ');
    const [id, parentId, device = '', root = '', mountPoint = '', options = ''] = fields;
    if (mountPoint === '') continue;
    mounts.push({
      id: Number(id),
      parentId: Number(parentId),
      device,
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      options: options.split(','),
      propagation: fields.slice(6),
      fsType,
      source: unescapeOctal(source),
      superOptions: superOptions.split(','),
    });
  }
  return mounts;
}

/** The mounts that this process (or `pid`) sees, in the kernel's order: a mount comes after the one it stands on. */
export async function readMounts(pid: number | 'self' = 'self'): Promise<MountInfo[]> {
  return parseMountInfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
}

/** Mounts at `directory` and below it, deepest and newest first: the order in which they can be unmounted. */
export function mountsBelow(mounts: readonly MountInfo[], directory: string): MountInfo[] {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  return mounts.filter((mount) => mount.mountPoint === directory || mount.mountPoint.startsWith(prefix)).toReversed();
}

/** The mount that holds `path` (absolute, without symlinks), or undefined when none does. */
export function mountOf(mounts: readonly MountInfo[], path: string): MountInfo | undefined {
  let best: MountInfo | undefined;
  for (const mount of mounts) {
    const inside = mount.mountPoint === '/' || path === mount.mountPoint || path.startsWith(`${mount.mountPoint}/`);
    if (inside && (!best || mount.mountPoint.length >= best.mountPoint.length)) best = mount;
  }
  return best;
}

export async function isMountPoint(path: string): Promise<boolean> {
  return (await readMounts()).some((mount) => mount.mountPoint === path);
}

export interface MountRequest {
  readonly source?: string;
  readonly target: string;
  readonly type?: string;
  /** As `mount -o` takes them; an option may not hold a comma. */
  readonly options?: readonly string[];
}

/** Mount through mount(8), without touching /etc/mtab. Throws `internal` with what mount said. */
export async function mount(request: MountRequest): Promise<void> {
  const args = ['--no-mtab', '--no-canonicalize'];
  for (const option of request.options ?? []) {
    if (option.includes(',') || option.includes('\0')) {
      throw new PouchError('invalid-argument', `The mount option '${option}' may not hold a comma.`);
    }
  }
  if (request.type !== undefined) args.push('-t', request.type);
  if (request.options?.length) args.push('-o', request.options.join(','));
  args.push('--source', request.source ?? request.type ?? 'none', '--target', request.target);
  await exec('mount', args);
}

/** Make `target` show what `source` shows; with `recursive`, mounts below it too. */
export async function bindMount(
  source: string,
  target: string,
  options: { readonly readOnly?: boolean; readonly recursive?: boolean } = {},
): Promise<void> {
  await mount({ source, target, options: [options.recursive ? 'rbind' : 'bind'] });
  if (options.readOnly) await mount({ source, target, options: ['remount', 'bind', 'ro'] });
}

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave' | 'unbindable';

export async function setPropagation(target: string, propagation: Propagation): Promise<void> {
  await exec('mount', [`--make-${propagation}`, target]);
}

/**
 * Unmount paths, one process for all. A path that is no mount point is no error. With `lazy` a busy mount is detached
 * at once and freed by the kernel when its last user is gone. Never follows a symlink in the last component.
 */
export async function unmount(paths: readonly string[], options: { readonly lazy?: boolean } = {}): Promise<void> {
  if (paths.length === 0) return;
  const args = ['-n', '--no-canonicalize', ...(options.lazy ? ['--lazy'] : []), '--', ...paths];
  const result = await exec('umount', args, { allowFailure: true });
  if (result.code === 0) return;
  const complaints = result.stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/not mounted|no mount point|not found|No such file/i.test(line));
  if (complaints.length > 0) throw new PouchError('internal', `Cannot unmount: ${complaints.join('; ')}`);
}

/** Unmount everything at and below a directory, deepest first; what is busy is detached lazily. Returns the paths. */
export async function unmountTree(directory: string): Promise<string[]> {
  const paths = mountsBelow(await readMounts(), directory).map((found) => found.mountPoint);
  if (paths.length === 0) return paths;
  try {
    await unmount(paths);
  } catch {
    const rest = mountsBelow(await readMounts(), directory).map((found) => found.mountPoint);
    await unmount(rest, { lazy: true });
  }
  return paths;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The kernel writes space, tab, newline and backslash in a path as `\ooo`, byte by byte. */
function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
