import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@pouch/base';
import { ProxiedConnection } from './proxied-connection.ts';
import type { UnaryInterceptor } from './unary.ts';

export interface GrpcProxyOptions {
  /** Path of the server's socket. */
  readonly address: string;
  /** Calls that are looked into, by their path: `/package.Service/Method`. All others pass as they are. */
  readonly intercept: ReadonlyMap<string, UnaryInterceptor>;
  /**
   * Calls whose answers come in many small messages that are no answers to anything: milliseconds, by path, that one may wait
   * to be sent with the next. Each that a client gets by itself costs it more than the message.
   */
  readonly pace?: ReadonlyMap<string, number>;
}

/**
 * Serves a gRPC client's connection (HTTP/2 without TLS) by passing its frames to the server behind, and the server's back, at
 * the reader's pace. One connection to the server per client, so that a client that does not read holds up nobody else.
 */
export class GrpcProxy {
  readonly #options: GrpcProxyOptions;
  readonly #dependencies: { readonly logger: Logger };

  constructor(options: GrpcProxyOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Resolves when the client's connection has ended. */
  async serve(socket: Duplex): Promise<void> {
    if (socket.destroyed) return;
    // HTTP/2 knows no half of a connection: a client that says no more is gone.
    socket.allowHalfOpen = false;
    const { address, intercept, pace = new Map() } = this.#options;
    const connect = (): Duplex => createConnection({ path: address });
    await new ProxiedConnection(socket, { connect, intercept, pace }, this.#dependencies).over;
  }
}
