import { drained } from '@pouch/base';
import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a slow reader before progress that a later message repeats is left out. */
const LAG = 256 * 1024;
/** RFC 7464. */
export const JSON_SEQUENCE = 'application/json-seq';

export interface JsonStreamOptions {
  /** Docker ends lines of progress with `\r\n`, all others with `\n`; some clients split there. */
  readonly lineEnd: '\n' | '\r\n';
  /** Gives a value the form of the client's API version. */
  readonly shape: (value: unknown) => unknown;
}

/** JSON values one after another, each with a line end, as Docker streams events, statistics and progress. */
export class JsonStream {
  readonly #response: ServerResponse;
  readonly #options: JsonStreamOptions;
  #mediaType = 'application/json';
  #recordStart = '';

  constructor(response: ServerResponse, options: JsonStreamOptions) {
    this.#response = response;
    this.#options = options;
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  /** The media type, `application/json` without a choice; a JSON text sequence (RFC 7464) has its own framing. */
  setMediaType(mediaType: string): void {
    this.#mediaType = mediaType;
    this.#recordStart = mediaType === JSON_SEQUENCE ? '\u001e' : '';
  }

  /** Send the head. */
  start(): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    this.#response.writeHead(200, { 'Content-Type': this.#mediaType });
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
    this.#response.write(`${this.#recordStart}${JSON.stringify(this.#options.shape(value))}${this.#options.lineEnd}`);
  }
}
