import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { asPouchError, PouchError } from '@pouch/base';
import { frame } from '@pouch/containerd';
import { type InterceptedCall, readMessage, type UnaryInterceptor } from './unary.ts';

const UNAVAILABLE = 14;
/** Pseudo headers and those of one connection are not passed on. */
const NOT_FORWARDED =
  /^(:|connection$|host$|http2-settings$|keep-alive$|proxy-connection$|transfer-encoding$|upgrade$)/;

/** One call of a client, on its way to the server and back. */
export class ForwardedCall {
  readonly #client: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #session: ClientHttp2Session;

  private constructor(client: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ClientHttp2Session) {
    this.#client = client;
    this.#headers = headers;
    this.#session = session;
    // A reset by the client shows as the stream's close.
    client.on('error', () => {});
  }

  static begin(client: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ClientHttp2Session): ForwardedCall {
    return new ForwardedCall(client, headers, session);
  }

  /** Carry it as it is. */
  async pass(): Promise<void> {
    const server = this.#open();
    if (!server) return;
    this.#client.pipe(server);
    server.once('response', (headers, flags) => {
      if (!this.#respond(headers, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)) return;
      server.pipe(this.#client);
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
    let head: IncomingHttpHeaders | undefined;
    let trailersOnly = false;
    server.once('response', (headers, flags) => {
      head = headers;
      trailersOnly = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
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
    const headers: OutgoingHttpHeaders = { ':method': 'POST', ':path': this.#headers[':path'] };
    for (const [name, value] of Object.entries(this.#headers)) {
      if (!NOT_FORWARDED.test(name) && value !== undefined) headers[name] = value;
    }
    let server: ClientHttp2Stream;
    try {
      server = this.#session.request(headers);
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
  #respond(head: IncomingHttpHeaders, whole: boolean): boolean {
    const client = this.#client;
    if (client.closed || client.headersSent) return false;
    const headers: OutgoingHttpHeaders = { ':status': head[':status'] as unknown as number };
    for (const [name, value] of Object.entries(head)) if (!NOT_FORWARDED.test(name)) headers[name] = value;
    client.respond(headers, whole ? { endStream: true } : { waitForTrailers: true });
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
      whole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    });
    server.once('trailers', (headers) => {
      trailers = headers;
      known.resolve({ ...headers });
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
    const headers = { ':status': 200, 'content-type': 'application/grpc', ...statusTrailers(error) };
    this.#client.respond(headers, { endStream: true });
    this.#client.resume();
  }
}

function ended(): PouchError {
  return new PouchError('unavailable', 'BuildKit ended during the call; it is started again: try once more.');
}

function statusTrailers(error: unknown): OutgoingHttpHeaders {
  const known = asPouchError(error);
  const status = known.code === 'unavailable' ? UNAVAILABLE : known.grpcStatus;
  return { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(known.message) };
}

async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (stream.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  await promise;
}
