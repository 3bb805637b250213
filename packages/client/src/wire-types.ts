/** What a wire tells its owner. `onEnd`: the peer will send no more; `onClose` comes once, last. */
export interface WireHandlers {
  onData(chunk: Uint8Array): void;
  onDrain(): void;
  onEnd(): void;
  onClose(error?: Error): void;
}

/** A connected byte stream in both directions, each of which can be closed by itself. */
export interface Wire {
  /** Queue bytes. False means: wait for `onDrain` before the next, to bound memory. */
  write(data: Uint8Array): boolean;
  /** Send what is queued, then say that no more comes. Reading goes on. */
  endWrite(): void;
  pause(): void;
  resume(): void;
  /** Whether this wire keeps the process alive. */
  setRef(ref: boolean): void;
  destroy(): void;
}
