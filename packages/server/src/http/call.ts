import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Endpoint, versionShape } from '@pouch/api';
import type { Logger } from '@pouch/base';
import { JsonStream } from '../stream/json-stream.ts';
import { hasBody } from './request-body.ts';
import { writeAll } from './write-stream.ts';

export interface CallOptions {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The number behind `1.` of the API version that the client speaks. */
  readonly version: number;
  /** It is the newest one: the engine's shapes need no adapting. */
  readonly newest: boolean;
  readonly logger: Logger;
}

/** One request and its answer. */
export class Call {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly version: number;
  readonly newest: boolean;
  readonly logger: Logger;
  /** What the endpoint answers, once it is known: bodies take the form of the client's version by it. */
  responses: Endpoint['responses'] = {};
  #abort: AbortController | undefined;
  #jsonStream: JsonStream | undefined;
  #endless = false;
  #hijacked = false;

  constructor(options: CallOptions) {
    this.id = options.id;
    this.request = options.request;
    this.response = options.response;
    this.version = options.version;
    this.newest = options.newest;
    this.logger = options.logger;
  }

  /** Aborted when the client goes before the answer is whole. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      const controller = new AbortController();
      this.#abort = controller;
      const { response } = this;
      const onClose = (): void => {
        if (!response.writableFinished) controller.abort();
      };
      if (response.destroyed || response.closed) onClose();
      else response.once('close', onClose);
    }
    return this.#abort.signal;
  }

  /** End what the call waits for, as if the client had gone: a stream then ends, where it can, with a proper end. */
  cancel(): void {
    void this.signal;
    this.#abort?.abort();
  }

  /** True for an answer that may never end by itself: shutting down does not wait for it. */
  get endless(): boolean {
    return this.#endless;
  }

  markEndless(): void {
    this.#endless = true;
  }

  /** The connection has become a stream: there is nothing to answer on. */
  get hijacked(): boolean {
    return this.#hijacked;
  }

  markHijacked(): void {
    this.#hijacked = true;
  }

  get hasBody(): boolean {
    return hasBody(this.request);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  sendJson(status: number, value: unknown): void {
    const text = `${JSON.stringify(this.#shaped(status, 'json', value))}\n`;
    this.response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    this.response.end(text);
  }

  sendText(status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
    this.response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) });
    this.response.end(text);
  }

  /** An answer without content: 204, 304, or 200 and 201 with an empty body. */
  sendEmpty(status: number): void {
    this.response.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 });
    this.response.end();
  }

  sendError(status: number, message: string): void {
    if (status === 304) this.sendEmpty(304);
    else this.sendJson(status, { message });
  }

  /** Send the head now; what `writeStream` writes follows. */
  startStream(contentType: string, headers: Readonly<Record<string, string>> = {}): void {
    this.response.writeHead(200, { 'Content-Type': contentType, ...headers });
    this.response.flushHeaders();
  }

  /** Write every chunk at the reader's pace, then end. Sends the head first when `startStream` did not. */
  async writeStream(contentType: string, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
    const { response } = this;
    const iterator = chunks[Symbol.asyncIterator]();
    if (!response.headersSent) {
      // The first chunk decides between an error status and a stream.
      const first = await iterator.next();
      this.startStream(contentType);
      if (!first.done) response.write(first.value);
    }
    await writeAll(response, { [Symbol.asyncIterator]: () => iterator });
    response.end();
  }

  /** The answer as a stream of JSON values; its head goes out with the first. One per call. */
  jsonStream(lineEnd: '\n' | '\r\n' = '\n'): JsonStream {
    this.#jsonStream ??= new JsonStream(this.response, {
      lineEnd,
      shape: (value) => this.#shaped(200, 'json-stream', value),
    });
    return this.#jsonStream;
  }

  /** A body in the form that the client's version has by the contract. */
  #shaped(status: number, kind: 'json' | 'json-stream', value: unknown): unknown {
    const spec = this.responses[status];
    return spec?.kind === kind ? versionShape(spec.schema, value, this.version) : value;
  }

  get startedJsonStream(): JsonStream | undefined {
    return this.#jsonStream?.started ? this.#jsonStream : undefined;
  }
}
