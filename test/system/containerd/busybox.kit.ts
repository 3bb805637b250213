/** Test aid: an image made of the host's static busybox, taken in, unpacked, and run as containers. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { type CallOptions, type ContainerdClient, type Descriptor, packRuncOptions } from '@pouch/containerd';

const BUSYBOX = '/bin/busybox';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Why containers cannot run here, for `{ skip }`; false where they can. */
export function missingForContainers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const file of ['/usr/bin/containerd', BUSYBOX]) if (!existsSync(file)) return `needs ${file}`;
  if (!existsSync('/usr/sbin/runc') && !existsSync('/usr/bin/runc')) return 'needs runc';
  return false;
}

/** A tar of a root file system with busybox under several names, and a file that is not executable. */
async function makeLayer(): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-kit-'));
  try {
    const root = join(directory, 'rootfs');
    for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) await mkdir(join(root, name), { recursive: true });
    await copyFile(BUSYBOX, join(root, 'bin/busybox'));
    for (const name of ['sh', 'sleep', 'true', 'cat', 'echo']) await symlink('busybox', join(root, 'bin', name));
    await writeFile(join(root, 'etc/plain'), 'not a program\n', { mode: 0o644 });
    const tar = join(directory, 'layer.tar');
    await exec('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '-cf', tar, '-C', root, '.']);
    return await readFile(tar);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface BusyboxImage {
  readonly name: string;
  /** The committed snapshot that containers stand on. */
  readonly chainId: string;
  readonly layer: Descriptor;
}

/** Take the image in and unpack it, all of it by the client's own calls. */
export async function makeBusyboxImage(client: ContainerdClient, name = 'test/busybox'): Promise<BusyboxImage> {
  return await client.leases.use(async (lease) => {
    const options: CallOptions = { lease };
    const tar = await makeLayer();
    const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
    const layer = await put(client, LAYER, tar, {}, options);
    const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } };
    const configDescriptor = await put(client, CONFIG, Buffer.from(JSON.stringify(config)), {}, options);
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: configDescriptor, layers: [layer] };
    const labels = {
      'containerd.io/gc.ref.content.config': configDescriptor.digest,
      'containerd.io/gc.ref.content.l.0': layer.digest,
      'containerd.io/gc.ref.snapshot.overlayfs': diffId,
    };
    const target = await put(client, MANIFEST, Buffer.from(JSON.stringify(manifest)), labels, options);
    if (!(await client.snapshots.exists(diffId))) {
      const mounts = await client.snapshots.prepare('unpack', '', {}, options);
      const applied = await client.diff.apply(layer, mounts, options);
      if (applied.digest !== diffId) throw new Error(`unpacked ${applied.digest}, expected ${diffId}`);
      await client.snapshots.commit(diffId, 'unpack', { 'containerd.io/gc.root': '1' }, options);
    }
    await client.images.put({ name, target }, options);
    return { name, chainId: diffId, layer };
  });
}

async function put(
  client: ContainerdClient,
  mediaType: string,
  bytes: Uint8Array,
  labels: Record<string, string>,
  options: CallOptions,
): Promise<Descriptor> {
  const digest = await client.ingest.bytes({ bytes, labels }, options);
  return { mediaType, digest, size: bytes.length };
}

/** A small OCI specification: own namespaces, no network, the least of mounts. */
export function makeSpec(id: string, args: readonly string[]): object {
  return {
    ociVersion: '1.0.2',
    process: makeProcess(args),
    root: { path: 'rootfs' },
    hostname: id,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    ],
    linux: {
      cgroupsPath: `/pouch-test/${id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
    },
  };
}

export function makeProcess(args: readonly string[]): object {
  return { user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' };
}

export interface RunRequest {
  readonly id: string;
  readonly args: readonly string[];
  readonly stdout?: string;
  /** Default `runc`. */
  readonly binary?: string;
}

/** Snapshot, record and task of a container; it does not run yet. */
export async function createContainer(
  client: ContainerdClient,
  image: BusyboxImage,
  request: RunRequest,
): Promise<void> {
  const { id, args, stdout, binary } = request;
  const labels = { 'containerd.io/gc.root': '1' };
  const rootfs = await client.snapshots.prepare(id, image.chainId, labels);
  await client.containers.create({
    id,
    image: image.name,
    runtime: 'io.containerd.runc.v2',
    ...(binary !== undefined && { runtimeOptions: packRuncOptions({ binaryName: binary }) }),
    spec: makeSpec(id, args),
    snapshotter: 'overlayfs',
    snapshotKey: id,
  });
  // Both or none: the shim of 1.6 ends when only one of them is a file.
  await client.tasks.create({ containerId: id, rootfs, stdout, stderr: stdout });
}

/** Take away whatever there is of a container. */
export async function removeContainer(client: ContainerdClient, id: string): Promise<void> {
  const calm = (): void => {};
  await client.tasks.kill(id, 9, { all: true }).catch(calm);
  await client.tasks.wait(id, '', { deadlineMs: 5000 }).catch(calm);
  await client.tasks.delete(id).catch(calm);
  await client.containers.delete(id).catch(calm);
  await client.snapshots.remove(id).catch(calm);
}
