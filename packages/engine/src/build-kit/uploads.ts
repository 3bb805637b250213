import { PouchError, withDeadline } from '@pouch/base';

type Body = AsyncIterable<Uint8Array>;

interface Meeting {
  readonly arrived: PromiseWithResolvers<Body>;
  readonly read: PromiseWithResolvers<void>;
}

/** Milliseconds that one of the two requests waits for the other. */
const PATIENCE = 5000;

/** Contexts that come in a request of their own, beside that of the build which reads them. */
export class Uploads {
  readonly #meetings = new Map<string, Meeting>();

  /** Bring the context of a build. Resolves when the build has read it. */
  async offer(buildId: string, body: Body, signal: AbortSignal): Promise<void> {
    const { arrived, read } = this.#meeting(buildId);
    arrived.resolve(watched(body, read));
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new PouchError('cancelled', 'the client closed the connection'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([read.promise, gone]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#meetings.delete(buildId);
    }
  }

  /** The context of this build. Throws `deadline-exceeded` when nobody brings it. */
  async take(buildId: string, signal: AbortSignal): Promise<Body> {
    signal.throwIfAborted();
    try {
      return await withDeadline(this.#meeting(buildId).arrived.promise, PATIENCE, 'waiting for the build context');
    } catch (error) {
      this.#meetings.delete(buildId);
      throw error;
    }
  }

  #meeting(buildId: string): Meeting {
    let meeting = this.#meetings.get(buildId);
    if (!meeting) {
      meeting = { arrived: Promise.withResolvers(), read: Promise.withResolvers() };
      meeting.read.promise.catch(() => {});
      this.#meetings.set(buildId, meeting);
    }
    return meeting;
  }
}

async function* watched(body: Body, read: PromiseWithResolvers<void>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
    read.resolve();
  } catch (error) {
    read.reject(error);
    throw error;
  } finally {
    read.resolve();
  }
}
