/** Tells when something has not been used for a while. */
export class IdleTimer implements Disposable {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** `timeoutMs` 0 means never. `onIdle` is called once for each while; nobody uses the thing at that moment. */
  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
  }

  /** Use it, until disposal. */
  use(): Disposable {
    this.#users += 1;
    clearTimeout(this.#timer);
    let used = true;
    return {
      [Symbol.dispose]: () => {
        if (!used) return;
        used = false;
        this.#users -= 1;
        if (this.#users === 0) this.#begin();
      },
    };
  }

  #begin(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs <= 0 || this.#ended) return;
    this.#timer = setTimeout(() => this.#onIdle(), this.#timeoutMs).unref();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
