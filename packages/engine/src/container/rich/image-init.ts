import { PouchError } from '@pouch/base';
import type { RootfsReader } from '../spec/rootfs-view.ts';
import type { ImageInit, RichMode } from './rich-types.ts';

/** Finds files of a root file system; `RootfsView` is one. */
export interface RootfsFiles extends RootfsReader {
  resolve(path: string): Promise<string | undefined>;
}

export interface FoundInit {
  readonly kind: ImageInit;
  /** In the container. */
  readonly path: string;
}

const SYSTEMD_PATHS = ['/lib/systemd/systemd', '/usr/lib/systemd/systemd'];

/**
 * The init that a root file system carries for a mode. Throws `unsupported`, saying what the image lacks: the init, or
 * the shell that starts its command.
 */
export async function findImageInit(mode: RichMode, rootfs: RootfsFiles): Promise<FoundInit | undefined> {
  if (mode === 'dumb-init') return undefined;
  const found = mode === 'systemd' ? await findSystemd(rootfs) : await findSbinInit(rootfs);
  if ((await rootfs.resolve('/bin/sh')) === undefined) {
    throw new PouchError(
      'unsupported',
      `RichMode ${mode} starts the command by /bin/sh, which this image does not have.`,
    );
  }
  return found;
}

async function findSystemd(rootfs: RootfsFiles): Promise<FoundInit> {
  for (const path of SYSTEMD_PATHS) if (await rootfs.resolve(path)) return { kind: 'systemd', path };
  throw new PouchError(
    'unsupported',
    'RichMode systemd needs an image with systemd (no /lib/systemd/systemd in it): install its package systemd into the image, or choose RichMode dumb-init.',
  );
}

async function findSbinInit(rootfs: RootfsFiles): Promise<FoundInit> {
  const target = await rootfs.resolve('/sbin/init');
  if (target === undefined) {
    throw new PouchError('unsupported', 'RichMode sbin-init needs an image with /sbin/init, and this one has none.');
  }
  const path = '/sbin/init';
  if (target.endsWith('/systemd')) return { kind: 'systemd', path };
  if (/\/busybox[^/]*$/.test(target)) return { kind: 'busybox', path };
  if ((await rootfs.readText('/etc/inittab')) !== undefined) return { kind: 'sysvinit', path };
  throw new PouchError(
    'unsupported',
    "RichMode sbin-init: this image's /sbin/init is neither systemd's nor busybox's and has no /etc/inittab, so its command cannot be made one of its services.",
  );
}
