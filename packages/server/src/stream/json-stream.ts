import type { ServerResponse } from 'node:http';
import { drained } from '../http/write-stream.ts';

/** Bytes that may wait for a slow reader before progress that a later message repeats is left out. */
const LAG = 256 * 1024;

/** JSON values one after another, each with a line end, as Docker streams events, statistics and progress. */
export class JsonStream {
  readonly #response: ServerResponse;
  readonly #lineEnd: string;

  /** Docker ends lines of progress with `\r\n`, all others with `\n`; some clients split there. */
  constructor(response: ServerResponse, lineEnd: '\n' | '\r\n') {
    this.#response = response;
    this.#lineEnd = lineEnd;
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  /** Send the head. */
  start(): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    this.#response.writeHead(200, { 'Content-Type': 'application/json' });
    this.#response.flushHeaders();
  }

  /** Resolves when the reader can take more. */
  async send(value: unknown): Promise<void> {
    this.#write(value);
    await drained(this.#response);
  }

  /** For a sender that cannot wait. `transient` says that a later message makes up for losing this one. */
  push(value: unknown, transient: boolean): void {
    if (transient && this.#response.writableLength > LAG) return;
    this.#write(value);
  }

  /** The last value says why there is no more. */
  fail(message: string, code?: number): void {
    this.#write({ errorDetail: { ...(code !== undefined && { code }), message }, error: message });
    this.end();
  }

  end(): void {
    this.start();
    if (!this.#response.destroyed) this.#response.end();
  }

  #write(value: unknown): void {
    this.start();
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#response.write(`${JSON.stringify(value)}${this.#lineEnd}`);
  }
}
