import { DEFAULT_WINDOW } from './frames.ts';

/**
 * How much the server takes on a connection (RFC 9113, section 5.2) that two send on: the client, which knows what the server
 * tells it, and we. What we sent is kept from the client: the server gives it back later, and that is not passed on.
 */
export class SendWindow {
  #room = DEFAULT_WINDOW;
  /** What the client believes to be free, and is not. */
  #debt = 0;
  readonly #waiting = new Set<() => void>();

  /** Bytes that may be sent now. */
  get room(): number {
    return Math.max(0, this.#room);
  }

  /** Whether the client's next bytes must wait, through no fault of the client's. */
  mustWait(bytes: number): boolean {
    return this.#debt > 0 && this.#room < bytes;
  }

  /** The client sent bytes. */
  pass(bytes: number): void {
    this.#room -= bytes;
  }

  /** We sent bytes. */
  spend(bytes: number): void {
    this.#room -= bytes;
    this.#debt += bytes;
  }

  /** The server takes more. Returns how much of it the client may hear of. */
  grow(bytes: number): number {
    this.#room += bytes;
    const kept = Math.min(this.#debt, bytes);
    this.#debt -= kept;
    this.wake();
    return bytes - kept;
  }

  /** Who waits shall look again. */
  wake(): void {
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Resolves when the server takes more, or the waiting may be for nothing. */
  async changed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    await promise;
  }
}
