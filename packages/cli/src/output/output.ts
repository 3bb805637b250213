import { write, writeSync } from 'node:fs';
import { errnoCode } from '@pouch/base';
import { isTerminal } from './is-terminal.ts';

const encoder = new TextEncoder();

/** The reader of our output has gone: there is nobody left to work for. */
export class BrokenPipeError extends Error {
  override readonly name = 'BrokenPipeError';
}

/**
 * A standard stream, written without Node's stream objects: they start slowly, and leave bytes behind when a process
 * exits. Text goes out before `write` returns.
 */
export class Output {
  readonly fd: number;
  #terminal: boolean | undefined;

  constructor(fd: 1 | 2) {
    this.fd = fd;
  }

  get isTerminal(): boolean {
    this.#terminal ??= isTerminal(this.fd);
    return this.#terminal;
  }

  /** Whether to colour: a terminal, and the user does not object (https://no-color.org). */
  get color(): boolean {
    return this.isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  }

  write(data: string | Uint8Array): void {
    let rest: Uint8Array = typeof data === 'string' ? encoder.encode(data) : data;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.fd, rest));
      } catch (error) {
        if (errnoCode(error) !== 'EAGAIN') throw writeError(error);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      }
    }
  }

  /** Write without holding the event loop up while the reader is slow; resolves when the bytes are out. */
  async stream(data: Uint8Array): Promise<void> {
    let rest = data;
    while (rest.length > 0) rest = rest.subarray(await this.#writeSome(rest));
  }

  async #writeSome(data: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    write(this.fd, data, (error, written) => {
      if (!error) resolve(written);
      else if (errnoCode(error) === 'EAGAIN') setTimeout(() => resolve(0), 2);
      else reject(writeError(error));
    });
    return await promise;
  }
}

function writeError(error: unknown): unknown {
  return errnoCode(error) === 'EPIPE' ? new BrokenPipeError() : error;
}
