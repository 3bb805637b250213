import { background, type Logger } from '@pouch/base';
import type { Events } from '@pouch/containerd';
import type { ImageCatalog } from './image-catalog.ts';

export interface ImageWatchDependencies {
  readonly events: Events;
  readonly catalog: ImageCatalog;
  readonly logger: Logger;
}

/** Keeps the catalogue true to what others do in containerd's image store. Dispose it to stop. */
export class ImageWatch implements Disposable {
  readonly #stop = new AbortController();
  readonly #deps: ImageWatchDependencies;

  constructor(dependencies: ImageWatchDependencies) {
    this.#deps = dependencies;
    background(this.#run(), (error) => dependencies.logger.error('images of others are no longer noticed', { error }));
  }

  async #run(): Promise<void> {
    const { events, catalog, logger } = this.#deps;
    const filters = ['topic~="^/images/"'];
    for await (const item of events.watch({ filters, signal: this.#stop.signal })) {
      if (item.type === 'subscribed') {
        await catalog.reload().catch((error: unknown) => logger.warn('could not list the images', { error }));
      } else if (item.type === 'event') {
        const { event } = item.event;
        if (event.kind === 'ImageCreate' || event.kind === 'ImageUpdate' || event.kind === 'ImageDelete') {
          catalog.refresh(event.name);
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
