import { PouchError } from '@pouch/base';
import { ByteQueue } from './byte-queue.ts';
import type { Endpoint } from './endpoint.ts';
import { HttpParser, type ResponseHead } from './http-parser.ts';
import { connectWire } from './wire.ts';
import type { Wire } from './wire-types.ts';

/** A request body: bytes with a known length, or a stream that is sent in chunks. */
export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface RawRequest {
  readonly method: string;
  /** Path and query, ready for the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: RequestBody;
}

export interface RawResponse extends ResponseHead {
  readonly body: ByteQueue;
}

export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

const encoder = new TextEncoder();

/** One HTTP/1.1 connection: a request at a time, kept alive between them, or taken over after a 101. */
export class HttpConnection {
  #wire!: Wire;
  readonly #parser: HttpParser;
  #body: ByteQueue | undefined;
  #head: PromiseWithResolvers<RawResponse> | undefined;
  #drain: (() => void) | undefined;
  #sending = false;
  #answered = false;
  #reusable = false;
  #closed = false;
  #used = false;
  /** Called when the connection may carry another request. */
  onIdle: () => void = () => {};

  private constructor() {
    this.#parser = new HttpParser({
      onHead: (head) => this.#onHead(head),
      onBody: (chunk) => this.#body?.push(chunk),
      onComplete: (reusable) => this.#onComplete(reusable),
    });
  }

  static async open(endpoint: Endpoint): Promise<HttpConnection> {
    const connection = new HttpConnection();
    connection.#wire = await connectWire(endpoint, {
      onData: (chunk) => connection.#onData(chunk),
      onDrain: () => connection.#wake(),
      onEnd: () => connection.#onEnd(),
      onClose: (error) => connection.#onClose(error),
    });
    return connection;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Send a request and wait for the head of its answer. Throws {@link StaleConnectionError} when a kept-alive connection
   * turned out to be closed before anything was answered, so that the caller may try on a new one.
   */
  async send(request: RawRequest): Promise<RawResponse> {
    const reused = this.#used;
    this.#used = true;
    this.#answered = false;
    this.#reusable = false;
    this.#parser.begin(request.method === 'HEAD');
    this.#wire.setRef(true);
    const head = Promise.withResolvers<RawResponse>();
    this.#head = head;
    const sent = this.#sendRequest(request);
    sent.catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    try {
      return await head.promise;
    } catch (error) {
      if (reused && !this.#answered && this.#closed && !(error instanceof PouchError && error.code !== 'unavailable')) {
        throw new StaleConnectionError('stale', { cause: error });
      }
      throw error;
    }
  }

  /** Bytes of our own after a 101. Resolves when more may be written. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#closed) return;
    if (!this.#wire.write(data)) {
      await new Promise<void>((resolve) => {
        this.#drain = resolve;
      });
    }
  }

  endWrite(): void {
    if (!this.#closed) this.#wire.endWrite();
  }

  destroy(): void {
    this.#reusable = false;
    this.#wire.destroy();
    this.#onClose();
  }

  async #sendRequest(request: RawRequest): Promise<void> {
    this.#sending = true;
    const { body } = request;
    const bytes = typeof body === 'string' ? encoder.encode(body) : body instanceof Uint8Array ? body : undefined;
    let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(request.headers)) {
      for (const one of typeof value === 'string' ? [value] : value) head += `${name}: ${safeHeader(name, one)}\r\n`;
    }
    if (bytes) head += `Content-Length: ${bytes.length}\r\n`;
    else if (body !== undefined) head += 'Transfer-Encoding: chunked\r\n';
    else if (request.method === 'POST' || request.method === 'PUT') head += 'Content-Length: 0\r\n';
    const start = encoder.encode(`${head}\r\n`);
    if (bytes) {
      const whole = new Uint8Array(start.length + bytes.length);
      whole.set(start);
      whole.set(bytes, start.length);
      this.#wire.write(whole);
    } else {
      this.#wire.write(start);
      if (body !== undefined) await this.#sendChunks(body as AsyncIterable<Uint8Array>);
    }
    this.#sending = false;
    this.#settle();
  }

  async #sendChunks(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (this.#closed) return;
      if (this.#answered && !this.#parser.busy) break;
      if (chunk.length === 0) continue;
      this.#wire.write(encoder.encode(`${chunk.length.toString(16)}\r\n`));
      this.#wire.write(chunk);
      await this.write(encoder.encode('\r\n'));
    }
    if (!this.#closed) this.#wire.write(encoder.encode('0\r\n\r\n'));
  }

  #onData(chunk: Uint8Array): void {
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onHead(head: ResponseHead): void {
    this.#answered = true;
    this.#body = new ByteQueue({
      onPause: () => this.#wire.pause(),
      onResume: () => this.#wire.resume(),
      onCancel: () => this.destroy(),
    });
    const waiting = this.#head;
    this.#head = undefined;
    waiting?.resolve({ ...head, body: this.#body });
  }

  #onComplete(reusable: boolean): void {
    const body = this.#body;
    this.#reusable = reusable;
    body?.end();
    if (!reusable && !this.#closed) this.#wire.endWrite();
    this.#settle();
  }

  /** Back to the pool once the answer has come whole and the request has gone whole. */
  #settle(): void {
    if (!this.#reusable || this.#sending || this.#parser.busy || this.#closed || !this.#answered) return;
    this.#reusable = false;
    this.#wire.setRef(false);
    this.onIdle();
  }

  #onEnd(): void {
    const error = this.#parser.close();
    if (error) this.#fail(error);
    else if (this.#head === undefined && !this.#parser.busy) this.#wire.endWrite();
  }

  #onClose(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    const incomplete = this.#parser.close();
    const reason = error ?? incomplete ?? new PouchError('unavailable', 'The daemon closed the connection.');
    this.#head?.reject(reason);
    this.#head = undefined;
    this.#body?.end(error ?? incomplete);
  }

  #fail(error: Error): void {
    this.#head?.reject(error);
    this.#head = undefined;
    this.#body?.end(error);
    this.#wire.destroy();
    this.#onClose(error);
  }

  #wake(): void {
    const drain = this.#drain;
    this.#drain = undefined;
    drain?.();
  }
}

function safeHeader(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new PouchError('invalid-argument', `the header ${name} has a line break in it`);
  return value;
}
