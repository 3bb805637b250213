import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { makeOnce } from '../harness/make-once.ts';

export const CACHE = '/var/cache/pouch-test/guest';
const SUITE = 'bookworm';
/** What Pouch runs with, what its tests need, and the programs that project quota and other file systems are used by. */
const PACKAGES = [
  'kmod,iproute2,nftables,iptables,procps,util-linux,mount,bsdutils,e2fsprogs,xfsprogs,btrfs-progs,quota,ca-certificates',
  'containerd,runc,crun,busybox-static,pigz,isal,tar,gzip,lxcfs,fuse3,criu,dumb-init,tini,libcap2-bin',
  'docker-registry,openssl,curl,git,apache2-utils,tmux,openssh-client,openssh-sftp-server,iperf3,systemd,dbus',
];
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];
/** In the order in which they are loaded; the kernel has ext4 in itself. */
const MODULES = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
];
/** Its package alone, without the tools that would make a large initramfs. Runs in mmdebstrap, `$1` is the root file system. */
const FETCH_KERNEL = `mkdir "$1/kernel" && cd "$1/kernel" && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" &&
  apt-get download -q "$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)" &&
  dpkg-deb -x *.deb files && rm *.deb`;

export interface RootImage {
  /** An ext4 with Debian and the kernel's modules. */
  readonly disk: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/**
 * What the guest boots: Debian's packages in a disk image, its kernel, and an initramfs that does no more than mounting that. Made
 * by mmdebstrap the first time (three minutes, 500 MB), and kept.
 */
export async function rootImage(): Promise<RootImage> {
  const init = readFileSync(join(import.meta.dirname, 'inside/initramfs-init'), 'utf8');
  const made = JSON.stringify([SUITE, PACKAGES, LEFT_OUT, MODULES, FETCH_KERNEL, init]);
  const directory = join(CACHE, createHash('sha256').update(made).digest('hex').slice(0, 12));
  await makeOnce(directory, async () => {
    // Those of other package lists.
    for (const entry of readdirSync(CACHE))
      if (/^[0-9a-f]{12}$/.test(entry)) rmSync(join(CACHE, entry), { recursive: true });
    const work = mkdtempSync(join(CACHE, 'making-'));
    try {
      await make(work, init);
      renameSync(join(work, 'image'), directory);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return {
    disk: join(directory, 'root.ext4'),
    kernel: join(directory, 'vmlinuz'),
    initramfs: join(directory, 'initramfs'),
  };
}

async function make(work: string, init: string): Promise<void> {
  const root = join(work, 'root');
  const image = join(work, 'image');
  mkdirSync(image);
  const options = LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`);
  const include = `--include=${PACKAGES.join(',')}`;
  const hook = `--customize-hook=${FETCH_KERNEL}`;
  await exec('mmdebstrap', ['--variant=essential', include, ...options, hook, SUITE, root], { timeout: 900_000 });
  const files = join(root, 'kernel/files');
  const kernel = readdirSync(join(files, 'boot')).find((name) => name.startsWith('vmlinuz-')) ?? 'vmlinuz';
  const version = kernel.slice('vmlinuz-'.length);
  copyFileSync(join(files, 'boot', kernel), join(image, 'vmlinuz'));
  const modules =
    ['lib', 'usr/lib'].map((path) => join(files, path, 'modules')).find((path) => existsSync(path)) ?? files;
  mkdirSync(join(root, 'usr/lib/modules'), { recursive: true });
  renameSync(join(modules, version), join(root, 'usr/lib/modules', version));
  await makeInitramfs(work, join(root, 'usr/lib/modules', version), init, join(image, 'initramfs'));
  await exec('chroot', [root, '/sbin/depmod', version]);
  rmSync(join(root, 'kernel'), { recursive: true });
  await makeDisk(root, join(image, 'root.ext4'), '3G');
}

async function makeInitramfs(work: string, modules: string, init: string, target: string): Promise<void> {
  const tree = join(work, 'initramfs');
  for (const name of ['dev', 'modules', 'root']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'busybox'));
  for (const name of MODULES) {
    const number = String(MODULES.indexOf(name));
    copyFileSync(join(modules, 'kernel', `${name}.ko`), join(tree, 'modules', `${number}.ko`));
  }
  writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
  await exec('sh', ['-c', 'cd "$0" && find . | /bin/busybox cpio -o -H newc >"$1"', tree, target]);
}

/** An ext4 of that size, sparse, with a directory's content. */
export async function makeDisk(directory: string, path: string, size: string): Promise<void> {
  await exec('truncate', ['-s', size, path]);
  await exec('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-d', directory, path], { timeout: 300_000 });
}
