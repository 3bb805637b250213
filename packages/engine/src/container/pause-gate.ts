/**
 * Keeps pausing a container and adding processes to it apart. A process that the runtime is just making belongs to the
 * container's cgroup already: frozen, it never tells the runtime that it is there, and the shim waits for that before it does
 * anything else, resuming included.
 */
export class PauseGate {
  #adding = 0;
  #closed: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  /** Add a process while nothing pauses. `work` checks for itself whether there is still something to add to. */
  async add<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    this.#adding += 1;
    try {
      return await work();
    } finally {
      this.#adding -= 1;
      if (this.#adding === 0) this.#whenIdle?.();
    }
  }

  /** Wait for processes that are being added, and let none begin until the result is disposed. */
  async close(): Promise<Disposable> {
    while (this.#closed) await this.#closed;
    const opened = Promise.withResolvers<void>();
    this.#closed = opened.promise;
    if (this.#adding > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
      this.#whenIdle = undefined;
    }
    return {
      [Symbol.dispose]: () => {
        this.#closed = undefined;
        opened.resolve();
      },
    };
  }
}
