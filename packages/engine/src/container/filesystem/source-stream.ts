import { background, type Logger, PouchError } from '@pouch/base';
import type { ArchiveStat } from '../container-service.ts';
import { HeldDirectory } from './held-directory.ts';
import { produceTar } from './tar-producer.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface SourceRequest {
  readonly root: HeldDirectory;
  /** Clean. */
  readonly path: string;
  /** Put the names in the directory into the archive, without the directory itself. */
  readonly listed?: boolean;
  /** Disposed of when the stream has ended, in whatever way. */
  readonly resources: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/**
 * Find a path and hand it to tar, which starts when the first piece is asked for. An abort ends it at any time, also when nobody ever asks.
 */
export async function sourceStream(
  request: SourceRequest,
  dependencies: { readonly workers: WorkerPool; readonly logger: Logger },
): Promise<{ stat: ArchiveStat; tar: AsyncIterable<Uint8Array> }> {
  const { root, path, listed, resources, signal } = request;
  const { workers, logger } = dependencies;
  try {
    const { stat, directory, members } = await workers.run(signal, async (worker) => {
      const source = await worker.call('openSource', { root: root.descriptor, path, ...(listed && { listed }) });
      if (!worker.alive) throw new PouchError('cancelled', 'The operation was cancelled.');
      // A descriptor of our own, without looking a path up again: the thread goes on to others.
      const held = resources.use(new HeldDirectory(`/proc/self/fd/${source.directory}`));
      await worker.call('release', {});
      return { ...source, directory: held.descriptor };
    });
    const end = once(async () => {
      signal.removeEventListener('abort', abandon);
      await resources.disposeAsync();
    });
    let begun = false;
    const abandon = (): void => {
      if (!begun) background(end(), (error) => logger.warn('an archive could not be given up', { error }));
    };
    signal.addEventListener('abort', abandon, { once: true });
    async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
      begun = true;
      try {
        const root = stat.name === '/' ? '' : stat.name;
        if (signal.aborted) throw new PouchError('cancelled', 'The operation was cancelled.');
        if (members.length === 0) yield new Uint8Array(END_OF_ARCHIVE);
        else yield* produceTar({ directory, members, root, signal }, logger);
      } finally {
        await end();
      }
    }
    return { stat, tar: stream() };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

/** Two blocks of zeros: an archive of nothing. */
const END_OF_ARCHIVE = 1024;

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return async () => await (done ??= work());
}
