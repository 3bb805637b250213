import type { ContainerCreateRequest } from '@pouch/api';
import type { ImageConfig } from '@pouch/oci';
import { applyChanges } from '../../image/changes.ts';
import type { ImageService } from '../../image/image-service.ts';
import type { Container } from '../container.ts';
import { publishContainerEvent } from './container-events.ts';
import type { LifecycleContext } from './context.ts';

export interface CommitOptions {
  readonly repository?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  /** Pause a running container meanwhile, so that its files are of one moment. */
  readonly pause: boolean;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  readonly config?: ContainerCreateRequest;
}

/** Makes images of containers. */
export class Committer {
  readonly #context: LifecycleContext;
  readonly #images: ImageService;

  constructor(context: LifecycleContext, dependencies: { images: ImageService }) {
    this.#context = context;
    this.#images = dependencies.images;
  }

  /** The new image's id. */
  async commit(container: Container, options: CommitOptions): Promise<string> {
    const { containerd, events, rootQuota } = this.#context;
    if (container.record.quotas)
      await rootQuota.place(container, await containerd.snapshots.mounts(container.snapshotKey));
    const { repository, tag, comment, author, changes, config } = options;
    const parent = await this.#images.resolve(container.record.imageId);
    const pauses = options.pause && container.status === 'running';
    using _ = pauses ? await container.pauseGate.close() : undefined;
    if (pauses) {
      await containerd.tasks.pause(container.id);
      publishContainerEvent(events, container, 'pause');
    }
    try {
      const id = await this.#images.commit({
        ...(repository && { repository }),
        ...(tag && { tag }),
        ...(comment && { comment }),
        ...(author && { author }),
        config: applyChanges(imageRunConfig({ ...container.record.config, ...config }), changes),
        snapshotKey: container.snapshotKey,
        parent,
        containerId: container.id,
        command: [container.record.path, ...container.record.args].join(' '),
      });
      const told = { comment: comment ?? '', imageID: id, imageRef: repository ?? '' };
      publishContainerEvent(events, container, 'commit', told);
      return id;
    } finally {
      if (pauses) {
        await containerd.tasks.resume(container.id);
        publishContainerEvent(events, container, 'unpause');
      }
    }
  }
}

/** What of a container's configuration an image keeps. */
function imageRunConfig(config: ContainerCreateRequest): NonNullable<ImageConfig['config']> {
  const { Hostname: _h, Domainname: _d, Image: _i, HostConfig: _hc, NetworkingConfig: _n, ...rest } = config;
  return rest as NonNullable<ImageConfig['config']>;
}
