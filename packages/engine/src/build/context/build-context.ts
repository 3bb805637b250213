import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrorCode, PouchError } from '@pouch/base';
import { decompress } from '../../container/filesystem/decompress.ts';
import { feed } from '../../container/filesystem/feed.ts';
import { HeldDirectory } from '../../container/filesystem/held-directory.ts';
import type { WorkerPool } from '../../container/filesystem/worker-pool.ts';
import { requireSpace } from '../../image/archive/archive-spool.ts';
import { DOCKERFILE_LIMIT } from '../dockerfile/limit.ts';

const CHECK_EVERY = 64 << 20;

/** The files of a build's context on disk, by descriptor. Their names and links are hostile: all lookups are confined. */
export class BuildContext implements AsyncDisposable {
  readonly root: HeldDirectory;
  /** Checksum of extended attributes in the whole context; '' for none. */
  readonly attributes: string;
  readonly #directory: string;
  readonly #workers: WorkerPool;

  private constructor(root: HeldDirectory, attributes: string, directory: string, workers: WorkerPool) {
    this.root = root;
    this.attributes = attributes;
    this.#directory = directory;
    this.#workers = workers;
  }

  /** Extract a tar stream with any compression. Throws invalid-argument for a hostile or broken one, too-large. */
  static async receive(
    tar: AsyncIterable<Uint8Array>,
    options: { readonly parent: string; readonly workers: WorkerPool; readonly signal: AbortSignal },
  ): Promise<BuildContext> {
    const { parent, workers, signal } = options;
    const directory = await mkdtemp(join(parent, 'context-'));
    try {
      const files = join(directory, 'files');
      await mkdir(files, { mode: 0o755 });
      const disk = await statfs(directory);
      const root = new HeldDirectory(files);
      try {
        const { attributes } = await workers.run(signal, async (worker) => {
          await worker.call('extractBegin', { root: root.descriptor, path: '/' });
          await worker.call('extractStart', {
            noOverwriteDirNonDir: false,
            owner: { uid: 0, gid: 0 },
            scratch: directory,
            context: { largest: disk.bavail * disk.bsize },
          });
          await feed(worker, watched(decompress(tar, signal), directory));
          return await worker.call('extractEnd', {});
        });
        return new BuildContext(root, attributes, directory, workers);
      } catch (error) {
        root[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The Dockerfile, and whether `.dockerignore` keeps it and itself out of what is copied. Throws invalid-argument. */
  async readText(path: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#workers.run(signal, (worker) =>
        worker.call('readText', { root: this.root.descriptor, path: `/${path}`, limit: DOCKERFILE_LIMIT }),
      );
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** Take a file out of what can be copied. */
  async remove(path: string): Promise<void> {
    // Straight below the root or in real directories only: through a link the file would be somebody else's.
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.includes('..')) throw new PouchError('invalid-argument', `invalid path: ${path}`);
    await this.#workers.run(undefined, (worker) =>
      worker.call('removeFile', { root: this.root.descriptor, path: `/${names.join('/')}` }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.root[Symbol.dispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Stops before the disk is full. */
async function* watched(source: AsyncIterable<Uint8Array>, directory: string): AsyncGenerator<Uint8Array> {
  let since = CHECK_EVERY;
  for await (const chunk of source) {
    since += chunk.length;
    if (since >= CHECK_EVERY) {
      await requireSpace(directory);
      since = 0;
    }
    yield chunk;
  }
}
