import { Duplex } from 'node:stream';
import type { HijackedStream } from '@pouch/client';

/** A connection that was taken over from HTTP, as a stream of Node.js. */
export class UpgradedSocket extends Duplex {
  readonly #stream: HijackedStream;
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(stream: HijackedStream) {
    super({ allowHalfOpen: false });
    this.#stream = stream;
    this.#source = stream.output[Symbol.asyncIterator]();
  }

  override _read(): void {
    this.#source.next().then(
      ({ done, value }) => this.push(done ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength)),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
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
