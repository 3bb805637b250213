import { PouchError, type ThreadAnswer, ThreadCaller, type ThreadCallOptions, type ThreadRequest } from '@pouch/base';
import type { OperationName, Operations } from './worker/protocol.ts';

/** Which calls leave something open, and which close it. */
const HOLDS: Readonly<Partial<Record<OperationName, boolean>>> = {
  openSource: true,
  openMountPoint: true,
  extractBegin: true,
  release: false,
  extractEnd: false,
};

/**
 * A thread that looks into containers. Its system calls are synchronous: fewer and cheaper than through libuv's pool, and a file
 * system that never answers (a dead NFS server, a FUSE program of the container's) holds up this thread and nothing else.
 */
export class FileWorker extends ThreadCaller<Operations> {
  #holding = false;

  constructor() {
    // Descriptors that it opened are closed when it ends, however it ends.
    super(new URL('./worker/thread.ts', import.meta.url), {
      name: 'container files',
      trackUnmanagedFds: true,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
  }

  /** Alive, at rest, and with nothing open: fit for the next caller. A call that failed has closed everything behind it. */
  get clean(): boolean {
    return this.alive && !this.#holding && !this.busy;
  }

  override async call<K extends OperationName>(
    operation: K,
    request: ThreadRequest<Operations, K>,
    options?: ThreadCallOptions<never>,
  ): Promise<ThreadAnswer<Operations, K>> {
    try {
      const answer = await super.call(operation, request, options);
      if (operation in HOLDS) this.#holding = HOLDS[operation] ?? false;
      return answer;
    } catch (error) {
      // Any other error was thrown before the thread had the request.
      if (error instanceof PouchError) this.#holding = false;
      throw error;
    }
  }
}
