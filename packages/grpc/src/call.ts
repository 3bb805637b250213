import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { PouchError } from '@pouch/base';
import type { GrpcChannel } from './channel.ts';
import { FrameDecoder, frame } from './framing.ts';
import { decodeStatusMessage, GRPC_STATUS, statusError } from './status.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call, also told to the server. Default: none. */
  readonly deadlineMs?: number | undefined;
  /** Milliseconds to wait for a server that is not listening (yet). Default 10,000, and never more than the deadline. */
  readonly patienceMs?: number | undefined;
  /** Extra request headers, such as containerd's namespace. A list is sent as several headers of that name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const DEFAULT_PATIENCE = 10_000;

/** RFC: gRPC over HTTP/2, "HTTP2 Transport Mapping, Errors": what a reset without a status means. */
function resetStatus(code: number): number {
  if (code === constants.NGHTTP2_CANCEL) return GRPC_STATUS.CANCELLED;
  if (code === constants.NGHTTP2_INADEQUATE_SECURITY) return GRPC_STATUS.PERMISSION_DENIED;
  if (code === constants.NGHTTP2_ENHANCE_YOUR_CALM) return GRPC_STATUS.RESOURCE_EXHAUSTED;
  return GRPC_STATUS.UNAVAILABLE;
}

/**
 * One gRPC call: messages out, messages in, a status at the end. Reading holds the server back when nobody reads (HTTP/2 flow
 * control), and writing waits for the server's window.
 */
export class GrpcCall implements AsyncIterable<Uint8Array>, Disposable {
  readonly #method: string;
  readonly #stream: ClientHttp2Stream;
  readonly #decoder = new FrameDecoder();
  readonly #done = Promise.withResolvers<void>();
  #failure: PouchError | undefined;
  #status: IncomingHttpHeaders | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  private constructor(method: string, stream: ClientHttp2Stream, deadline: number | undefined, signal?: AbortSignal) {
    this.#method = method;
    this.#stream = stream;
    this.#done.promise.catch(() => {});
    stream.on('response', (headers) => this.#onResponse(headers));
    stream.on('trailers', (trailers) => {
      this.#status = trailers;
    });
    stream.on('error', () => {}); // 'close' follows and tells why.
    stream.once('close', () => this.#onClose());
    if (deadline !== undefined) {
      const expire = (): void => this.#abort(GRPC_STATUS.DEADLINE_EXCEEDED, `${method} did not finish in time.`);
      this.#timer = setTimeout(expire, Math.max(0, deadline - performance.now()));
    }
    if (signal) {
      const onAbort = (): void => this.#abort(GRPC_STATUS.CANCELLED, `${method} was cancelled.`);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#unlisten = () => signal.removeEventListener('abort', onAbort);
    }
  }

  /** Begin a call of `/package.Service/Method`. */
  static async open(channel: GrpcChannel, method: string, options: CallOptions): Promise<GrpcCall> {
    const { signal, deadlineMs } = options;
    if (signal?.aborted) throw statusError(method, GRPC_STATUS.CANCELLED, `${method} was cancelled.`, false);
    const deadline = deadlineMs === undefined ? undefined : performance.now() + deadlineMs;
    const headers: OutgoingHttpHeaders = {
      ...outgoing(options.headers),
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    if (deadlineMs !== undefined) headers['grpc-timeout'] = grpcTimeout(deadlineMs);
    const patience = Math.min(options.patienceMs ?? DEFAULT_PATIENCE, deadlineMs ?? Number.POSITIVE_INFINITY);
    try {
      const stream = await channel.open(headers, patience, signal);
      return new GrpcCall(method, stream, deadline, signal);
    } catch (error) {
      if (signal?.aborted) throw statusError(method, GRPC_STATUS.CANCELLED, `${method} was cancelled.`, false);
      throw error;
    }
  }

  /** Send a message; resolves when there is room for the next one. */
  async write(message: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#stream.write(frame(message))) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream.once('drain', resolve);
    await Promise.race([promise, this.#done.promise]).finally(() => this.#stream.off('drain', resolve));
  }

  /** Say that no more messages come, with a last one if given. */
  end(message?: Uint8Array): void {
    if (message) this.#stream.end(frame(message));
    else this.#stream.end();
  }

  /** The messages; throws the status where it is not OK. Leaving early cancels the call. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#chunks()) yield* this.#decoder.push(chunk);
      await this.#done.promise;
    } finally {
      this[Symbol.dispose]();
    }
  }

  /** The one message of a unary answer. */
  async single(): Promise<Uint8Array> {
    let answer: Uint8Array | undefined;
    let broken: unknown;
    this.#stream.on('data', (chunk: Buffer) => {
      try {
        answer = this.#decoder.push(chunk)[0] ?? answer;
      } catch (error) {
        broken = error;
        this.#stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    try {
      await this.#done.promise;
    } catch (error) {
      throw broken ?? error;
    }
    if (!answer) throw statusError(this.#method, GRPC_STATUS.INTERNAL, `${this.#method} was answered by nothing.`);
    return answer;
  }

  /** Cancel the call unless it has ended. */
  [Symbol.dispose](): void {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  async *#chunks(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* this.#stream as AsyncIterable<Buffer>;
    } catch (error) {
      await this.#done.promise;
      throw error;
    }
  }

  #onResponse(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): void {
    if (headers['grpc-status'] !== undefined) this.#status = headers;
    if (headers[':status'] === 200) return;
    this.#abort(GRPC_STATUS.UNAVAILABLE, `${this.#method}: the server answered HTTP status ${headers[':status']}.`);
  }

  #abort(status: number, message: string): void {
    this.#failure ??= statusError(this.#method, status, message);
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#done.reject(this.#failure);
  }

  #onClose(): void {
    clearTimeout(this.#timer);
    this.#unlisten?.();
    const failure = (this.#failure ??= this.#readStatus());
    if (failure) this.#done.reject(failure);
    else this.#done.resolve();
  }

  #readStatus(): PouchError | undefined {
    const status = this.#status?.['grpc-status'];
    if (status === undefined) {
      const code = this.#stream.rstCode ?? constants.NGHTTP2_NO_ERROR;
      // Node closes the streams of a lost connection as if somebody had cancelled them.
      const lost = this.#stream.session?.destroyed ?? true;
      const refused = code === constants.NGHTTP2_REFUSED_STREAM;
      const message = `${this.#method}: the connection ended before the answer (HTTP/2 code ${code}).`;
      return statusError(this.#method, lost ? GRPC_STATUS.UNAVAILABLE : resetStatus(code), message, !refused);
    }
    const number = Number(status);
    if (number === GRPC_STATUS.OK) {
      if (!this.#decoder.isPartial) return undefined;
      return statusError(this.#method, GRPC_STATUS.INTERNAL, `${this.#method}: the answer was cut short.`);
    }
    const message = this.#status?.['grpc-message'];
    return statusError(this.#method, number, decodeStatusMessage(typeof message === 'string' ? message : ''));
  }
}

function outgoing(headers: CallOptions['headers'] = {}): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

/** gRPC's timeout header: at most eight digits and a unit. */
function grpcTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms));
  return whole < 1e8 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1000), 99_999_999)}S`;
}
