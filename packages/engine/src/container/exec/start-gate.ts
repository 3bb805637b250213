/**
 * Keeps starts of execs and the freezing of their container apart. A runtime that is on its way into a container when that
 * is frozen freezes with it, and its shim, which waits for it, answers nothing more: not even that the container shall thaw.
 */
export class StartGate {
  #starting = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #frozen: Promise<void> | undefined;

  /** Run a start; it waits while somebody freezes. */
  async start<T>(run: () => Promise<T>): Promise<T> {
    while (this.#frozen) await this.#frozen;
    this.#starting += 1;
    try {
      return await run();
    } finally {
      this.#starting -= 1;
      if (this.#starting === 0) this.#idle?.resolve();
    }
  }

  /** Run a freezing: once no start is under way any more, and with none beginning. One at a time. */
  async freeze<T>(run: () => Promise<T>): Promise<T> {
    while (this.#frozen) await this.#frozen;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#frozen = promise;
    try {
      if (this.#starting > 0) {
        this.#idle = Promise.withResolvers<void>();
        await this.#idle.promise;
        this.#idle = undefined;
      }
      return await run();
    } finally {
      this.#frozen = undefined;
      resolve();
    }
  }
}
