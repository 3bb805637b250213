/** Test aid: an ImageManager over a private containerd, gone with its directories when disposed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import type { EventMessage } from '../../../packages/api/src/index.ts';
import { silentLogger } from '../../../packages/base/src/index.ts';
import { EventBus } from '../../../packages/engine/src/events/event-bus.ts';
import type { FileEntry } from '../../../packages/engine/src/image/archive/pack-files.ts';
import { ImageManager, type ImageManagerOptions } from '../../../packages/engine/src/image/image-manager.ts';
import type { ImageUser } from '../../../packages/engine/src/image/image-service.ts';
import { RegistryClient, type RegistrySettings } from '../../../packages/registry/src/index.ts';
import { Containerd } from '../containerd/supervised.kit.ts';

const BUSYBOX = '/bin/busybox';

/** Why these tests cannot run here, or false. */
export function missingForImages(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const path of ['/usr/bin/containerd', BUSYBOX]) if (!existsSync(path)) return `needs ${path}`;
  return false;
}

export class Images implements AsyncDisposable {
  readonly containerd: Containerd;
  readonly root: string;
  readonly users: ImageUser[] = [];
  readonly events: EventMessage[] = [];
  readonly registry: RegistryClient;
  readonly bus = new EventBus();
  manager: ImageManager;

  private constructor(containerd: Containerd, root: string, settings: RegistrySettings) {
    this.containerd = containerd;
    this.root = root;
    this.registry = new RegistryClient(
      { retryDelay: 5, certificateDirectories: [], ...settings },
      { logger: silentLogger },
    );
    this.bus.subscribe((event) => this.events.push(event));
    this.manager = this.newManager();
  }

  static async start(settings: RegistrySettings = {}): Promise<Images> {
    return new Images(await Containerd.start(), await mkdtemp('/tmp/pouch-image-'), settings);
  }

  newManager(options: Partial<ImageManagerOptions> = {}): ImageManager {
    return new ImageManager(
      { root: this.root, ...options },
      {
        containerd: this.containerd.client,
        registry: this.registry,
        events: this.bus,
        logger: silentLogger,
        imageUsers: () => this.users,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.manager[Symbol.dispose]();
    this.registry[Symbol.dispose]();
    await this.containerd[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** The host's static busybox with some links, and whatever else is asked for. */
export async function busyboxFiles(...more: FileEntry[]): Promise<FileEntry[]> {
  const links = ['sh', 'echo', 'cat', 'ls'].map((name) => ({ path: `/bin/${name}`, link: 'busybox' }));
  const tmp: FileEntry = { path: '/tmp', directory: true, mode: 0o1777 };
  return [{ path: '/bin/busybox', content: await readFile(BUSYBOX), mode: 0o755 }, ...links, tmp, ...more];
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function* chunked(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
