import { PouchError } from '@pouch/base';
import type { AttachSession, OutputChunk } from '../container-service.ts';
import { DEFAULT_DETACH_KEYS, DetachScanner, parseDetachKeys } from './detach-keys.ts';
import type { StdinPipe } from './stdin-pipe.ts';

export interface SessionParts {
  readonly tty: boolean;
  /** Undefined where the client does not give input. */
  readonly stdin: StdinPipe | undefined;
  /** Makes the output; ends when the signal aborts. */
  readonly output: (signal: AbortSignal) => AsyncIterable<OutputChunk>;
  /** The client's input has ended. */
  readonly endInput: () => Promise<void>;
  readonly onDetach?: () => void;
  readonly onClose?: () => Promise<void>;
  /** Absent: Docker's usual ones; false: none. */
  readonly detachKeys?: string | false | undefined;
}

function keysOf(keys: SessionParts['detachKeys']): Uint8Array {
  if (keys === false) return new Uint8Array();
  return keys ? parseDetachKeys(keys) : DEFAULT_DETACH_KEYS;
}

/** One client's connection to a process: output at its own pace, input with the detach keys taken out. */
export class ProcessSession implements AttachSession {
  readonly tty: boolean;
  readonly output: AsyncIterable<OutputChunk>;
  readonly #parts: SessionParts;
  readonly #scanner: DetachScanner;
  readonly #detach = new AbortController();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.tty = parts.tty;
    this.#scanner = new DetachScanner(keysOf(parts.detachKeys));
    this.output = parts.output(this.#detach.signal);
  }

  get detached(): AbortSignal {
    return this.#detach.signal;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { stdin, tty } = this.#parts;
    if (this.#detach.signal.aborted) throw new PouchError('cancelled', 'detached');
    if (!stdin) return;
    await this.#stdinReady(stdin);
    if (!tty) return await stdin.write(chunk);
    const { pass, detached } = this.#scanner.push(chunk);
    await stdin.write(pass);
    if (!detached) return;
    this.#parts.onDetach?.();
    this.#detach.abort();
    throw new PouchError('cancelled', 'detached');
  }

  async endInput(): Promise<void> {
    const { stdin, endInput } = this.#parts;
    if (stdin) await this.#stdinReady(stdin);
    if (!this.#detach.signal.aborted) await endInput();
  }

  /** Input that comes before the start is held back until then. */
  async #stdinReady(stdin: StdinPipe): Promise<void> {
    if (stdin.open) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const give = (): void => resolve();
    this.#detach.signal.addEventListener('abort', give, { once: true });
    await Promise.race([stdin.whenOpen(), promise]);
    this.#detach.signal.removeEventListener('abort', give);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#detach.abort();
    await this.#parts.onClose?.();
  }
}
