import { Duplex } from 'node:stream';
import type { HijackedStream } from '@pouch/client';

/** A connection that was taken over from HTTP, as a stream of Node.js. */
export class UpgradedSocket extends Duplex {
  readonly #stream: HijackedStream;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #repair: ((chunk: Buffer) => Buffer) | undefined;

  /** `repair` changes what comes before it is read. */
  constructor(stream: HijackedStream, repair?: (chunk: Buffer) => Buffer) {
    super({ allowHalfOpen: false });
    this.#repair = repair;
    this.#stream = stream;
    this.#source = stream.output[Symbol.asyncIterator]();
  }

  override _read(): void {
    this.#source.next().then(
      ({ done, value }) => this.#take(done ? undefined : value),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #take(value: Uint8Array | undefined): void {
    if (!value) {
      this.push(null);
      return;
    }
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const chunk = this.#repair ? this.#repair(bytes) : bytes;
    // Nothing yet: a push of it would end nothing and ask for nothing.
    if (chunk.length > 0) this.push(chunk);
    else this._read();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    void this.#send(chunk, done);
  }

  async #send(chunk: Buffer, done: (error?: Error | null) => void): Promise<void> {
    try {
      await this.#stream.write(chunk);
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)));
    }
    done();
  }

  override _final(done: () => void): void {
    this.#stream.endWrite();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }
}
