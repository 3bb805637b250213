import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { asPouchError, PouchError } from '@pouch/base';
import { frame, statusTrailers } from '@pouch/grpc';
import { forwardedHeaders } from './raw-headers.ts';
import { type InterceptedCall, readMessage, type UnaryInterceptor } from './unary.ts';

/** What a call begins with. */
export interface CallHead {
  readonly path: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
}

interface AnswerHead {
  readonly status: number | undefined;
  readonly raw: RawHeaders;
}

type RawHeaders = readonly (string | Buffer)[];

/** One call of a client, on its way to the server and back. */
export class ForwardedCall {
  readonly #client: ServerHttp2Stream;
  readonly #head: CallHead;
  readonly #session: ClientHttp2Session;

  constructor(client: ServerHttp2Stream, head: CallHead, session: ClientHttp2Session) {
    this.#client = client;
    this.#head = head;
    this.#session = session;
    // A reset by the client shows as the stream's close.
    client.on('error', () => {});
  }

  /** Carry it as it is. */
  async pass(): Promise<void> {
    const server = this.#open();
    if (!server) return;
    this.#client.pipe(server);
    server.once('response', (headers, flags, raw: RawHeaders) => {
      if (this.#respond({ status: headers[':status'], raw }, endsStream(flags))) server.pipe(this.#client);
    });
    this.#sendTrailersOf(server);
    await closed(server);
  }

  /** Carry a call with one message each way, which the interceptor sees. */
  async intercept(interceptor: UnaryInterceptor): Promise<void> {
    let call: InterceptedCall;
    try {
      call = await interceptor.request(await readMessage(this.#client));
    } catch (error) {
      if (!this.#client.closed) this.#refuse(error);
      return;
    }
    try {
      await this.#exchange(call);
    } finally {
      await call.ended?.();
    }
  }

  async #exchange(call: InterceptedCall): Promise<void> {
    const server = this.#open();
    if (!server) return;
    server.end(frame(call.message));
    const chunks: Buffer[] = [];
    server.on('data', (chunk: Buffer) => chunks.push(chunk));
    let head: AnswerHead | undefined;
    let trailersOnly = false;
    server.once('response', (headers, flags, raw: RawHeaders) => {
      head = { status: headers[':status'], raw };
      trailersOnly = endsStream(flags);
    });
    const trailers = this.#sendTrailersOf(server, false);
    await closed(server);
    if (!head || this.#client.closed) return;
    if (!this.#respond(head, trailersOnly)) return;
    const body = Buffer.concat(chunks);
    // The length of the message comes in the five bytes before it.
    if (trailers()?.['grpc-status'] === '0' && body.length >= 5) await call.answered?.(body.subarray(5));
    this.#client.end(body);
  }

  /** Open the call at the server; undefined when there is none any more, which the client has been told then. */
  #open(): ClientHttp2Stream | undefined {
    const client = this.#client;
    const { path, headers } = this.#head;
    let server: ClientHttp2Stream;
    try {
      server = this.#session.request({
        ...forwardedHeaders(headers),
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
      });
    } catch {
      this.#refuse(ended());
      return undefined;
    }
    server.on('error', () => {});
    client.once('close', () => {
      if (!server.closed) server.close(client.rstCode || constants.NGHTTP2_CANCEL);
    });
    return server;
  }

  /** The head of the answer. False when it is the whole answer, or nobody waits for it. */
  #respond({ status = 200, raw }: AnswerHead, whole: boolean): boolean {
    const client = this.#client;
    if (client.closed || client.headersSent) return false;
    client.respond(
      { ...forwardedHeaders(raw), ':status': status },
      whole ? { endStream: true } : { waitForTrailers: true },
    );
    return !whole;
  }

  /**
   * The server's trailers behind the last byte. A server that went away without any has them made up here, so that the client
   * hears what happened. Gives what the server sent.
   */
  #sendTrailersOf(server: ClientHttp2Stream, answerForServer = true): () => IncomingHttpHeaders | undefined {
    const client = this.#client;
    let trailers: IncomingHttpHeaders | undefined;
    let whole = false;
    const known = Promise.withResolvers<OutgoingHttpHeaders>();
    server.once('response', (_headers, flags) => {
      whole = endsStream(flags);
    });
    server.once('trailers', (headers, _flags, raw: RawHeaders) => {
      trailers = headers;
      known.resolve(forwardedHeaders(raw));
    });
    client.once('wantTrailers', () => {
      void known.promise.then((headers) => {
        if (!client.destroyed && !client.closed) client.sendTrailers(headers);
      });
    });
    server.once('close', () => {
      if (trailers || whole || client.closed) return;
      const { rstCode } = server;
      const lost = this.#session.destroyed || rstCode === constants.NGHTTP2_NO_ERROR;
      if (!lost && client.headersSent) return client.close(rstCode);
      known.resolve(statusTrailers(ended()));
      if (!client.headersSent) this.#refuse(ended());
      else if (answerForServer) client.end();
    });
    return () => trailers;
  }

  /** An answer that is nothing but a failure. */
  #refuse(error: unknown): void {
    if (this.#client.destroyed || this.#client.headersSent) return;
    const headers = { ':status': 200, 'content-type': 'application/grpc', ...statusTrailers(asPouchError(error)) };
    this.#client.respond(headers, { endStream: true });
    this.#client.resume();
  }
}

function endsStream(flags: number): boolean {
  return (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
}

function ended(): PouchError {
  return new PouchError('unavailable', 'BuildKit ended during the call; it is started again: try once more.');
}

async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (stream.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  await promise;
}
