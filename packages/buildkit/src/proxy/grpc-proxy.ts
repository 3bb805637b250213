import {
  type ClientHttp2Session,
  connect,
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { background, type Logger } from '@pouch/base';
import { ForwardedCall } from './forwarded-call.ts';
import type { UnaryInterceptor } from './unary.ts';

/** Bytes that a side may send ahead: per call, and on a connection in all. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 8 << 20;

export interface GrpcProxyOptions {
  /** Path of the server's socket. */
  readonly address: string;
  /** Calls that are looked into, by their path: `/package.Service/Method`. All others pass as they are. */
  readonly intercept: ReadonlyMap<string, UnaryInterceptor>;
}

/**
 * Serves a gRPC client's connection (HTTP/2 without TLS) by passing each call to the server behind: messages both ways at the
 * reader's pace, headers, trailers, and the end or cancelling of a call by either side. One connection to the server per
 * client, so that a client that does not read holds up nobody else.
 */
export class GrpcProxy {
  readonly #options: GrpcProxyOptions;
  readonly #logger: Logger;

  constructor(options: GrpcProxyOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = dependencies.logger;
  }

  /** Resolves when the client's connection has ended. */
  async serve(socket: Duplex): Promise<void> {
    if (socket.destroyed) return;
    // HTTP/2 knows no half of a connection: a client that says no more is gone.
    socket.allowHalfOpen = false;
    const client = performServerHandshake(socket, {
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: 256,
      peerMaxConcurrentStreams: 1000,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    client.once('close', resolve);
    client.on('error', (error) => this.#logger.debug('the connection of a gRPC client failed', { error }));
    client.setLocalWindowSize(CONNECTION_WINDOW);
    // Clients open connections on which they then ask nothing.
    let server: ClientHttp2Session | undefined;
    client.on('stream', (stream, headers, _flags, raw) => {
      server ??= this.#connect();
      this.#forward(client, stream, headers[':path'] ?? '', raw, server);
    });
    try {
      await promise;
    } finally {
      server?.destroy();
      socket.destroy();
    }
  }

  #connect(): ClientHttp2Session {
    const session = connect('http://localhost', {
      createConnection: () => createConnection({ path: this.#options.address }),
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      peerMaxConcurrentStreams: 0x7fffffff,
      maxSessionMemory: 256,
    });
    session.once('connect', () => {
      // Told of a connection that has broken meanwhile, too; the window of such a one cannot be set.
      if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW);
    });
    // Calls on it are told by their own end.
    session.on('error', (error) => this.#logger.debug('the connection to BuildKit failed', { error }));
    return session;
  }

  #forward(
    client: ServerHttp2Session,
    stream: ServerHttp2Stream,
    path: string,
    headers: readonly string[],
    server: ClientHttp2Session,
  ): void {
    if (client.destroyed) return;
    const interceptor = this.#options.intercept.get(path);
    const call = new ForwardedCall(stream, { path, headers }, server);
    const begin = performance.now();
    const done = (interceptor ? call.intercept(interceptor) : call.pass()).then(() =>
      this.#logger.debug('gRPC call', { path, ms: Math.round((performance.now() - begin) * 100) / 100 }),
    );
    background(done, (error) => {
      this.#logger.warn('a gRPC call could not be passed on', { path, error });
      if (!stream.closed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  }
}
