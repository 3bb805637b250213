import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { API_VERSION } from '@pouch/api';
import { errnoCode, type Logger, PouchError } from '@pouch/base';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { ManagerWhitelist } from './listen/client-identity.ts';
import type { ListenAddress, ListenOptions, TcpListenOptions, TlsOptions } from './listen/listen-options.ts';
import { listening } from './listen/listening.ts';
import { listenUnix } from './listen/unix-socket.ts';
import type { ServerDependencies } from './server-dependencies.ts';

export interface ApiServerOptions {
  /** Pouch's version, for the `Server` header. */
  readonly version: string;
  /** Milliseconds in which a client must have sent a request's head. Default 30,000. */
  readonly headTimeout?: number;
  /** Milliseconds that an idle connection is kept. Default ten minutes. */
  readonly idleTimeout?: number;
  /** Connections per listener at most; further ones are closed. Default 8,192. */
  readonly maxConnections?: number;
}

const HEAD_LIMIT = 128 * 1024;
const IDLE_TIMEOUT = 600_000;
const HEAD_TIMEOUT = 30_000;
const MAX_CONNECTIONS = 8192;
/** Milliseconds for streams that were cut to come to their end. */
const CUT_GRACE = 200;

/**
 * The Docker-compatible API over HTTP/1.1: listens on any number of addresses, and calls the services that it was given.
 * Life: `listen` once per address, then `close` (or dispose).
 */
export class ApiServer implements AsyncDisposable {
  readonly #options: ApiServerOptions;
  readonly #dependencies: ServerDependencies;
  readonly #logger: Logger;
  readonly #listeners: { readonly server: Server; readonly dispatcher: Dispatcher; readonly address: string }[] = [];
  #closing = false;

  constructor(options: ApiServerOptions, dependencies: ServerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger;
  }

  /** Requests that have come so far. */
  get requests(): number {
    return this.#listeners.reduce((sum, { dispatcher }) => sum + dispatcher.count, 0);
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  /**
   * Start to serve on an address; returns it, with the port that was taken. Throws `conflict` when somebody else serves
   * there, `invalid-argument` for TCP without TLS unless that is asked for.
   */
  async listen(options: ListenOptions): Promise<ListenAddress> {
    if (this.#closing) throw new PouchError('unavailable', 'the API server is closing');
    const tls = 'unix' in options ? undefined : options.tls;
    const dispatcher = this.#dispatcher(tls);
    const server = this.#server(dispatcher, tls);
    let address: string;
    try {
      if ('unix' in options) {
        await listenUnix(server, options, this.#logger);
        address = `unix://${options.unix}`;
      } else {
        address = await this.#listenTcp(server, options);
      }
    } catch (error) {
      server.close();
      throw listenError(error, options);
    }
    server.on('error', (error) => this.#logger.error('a listener of the API failed', { address, error }));
    this.#listeners.push({ server, dispatcher, address });
    this.#logger.info('the API is served', { address });
    return address;
  }

  /**
   * Stop: accept nobody more, let requests under way finish within `deadline` milliseconds, then cut what is left.
   * Streams without an end (events, logs that follow, attached terminals) are cut as soon as the rest is done.
   */
  async close(deadline = 10_000): Promise<void> {
    this.#closing = true;
    await Promise.all(
      this.#listeners.splice(0).map(async ({ server, dispatcher }) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        await within(deadline, dispatcher.idle());
        dispatcher.cut();
        // Ends that were written still have to reach their readers.
        await within(CUT_GRACE, Promise.all([closed, dispatcher.settled()]));
        server.closeAllConnections();
        await within(CUT_GRACE, Promise.all([closed, dispatcher.settled()]));
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #dispatcher(tls: TlsOptions | undefined): Dispatcher {
    const whitelist = tls?.managerWhitelist && new ManagerWhitelist(tls.managerWhitelist);
    const headers = {
      'Api-Version': API_VERSION,
      'Docker-Experimental': 'false',
      Ostype: 'linux',
      Server: `Pouch/${this.#options.version} (linux)`,
    };
    const authorize = (request: IncomingMessage): void => whitelist?.check(request.socket);
    return new Dispatcher({ headers, authorize }, this.#dependencies);
  }

  #server(dispatcher: Dispatcher, tls: TlsOptions | undefined): Server {
    const options: ServerOptions = {
      maxHeaderSize: HEAD_LIMIT,
      headersTimeout: this.#options.headTimeout ?? HEAD_TIMEOUT,
      // Bodies may stream for hours; those of JSON have a deadline of their own.
      requestTimeout: 0,
      keepAliveTimeout: this.#options.idleTimeout ?? IDLE_TIMEOUT,
      connectionsCheckingInterval: Math.min(this.#options.headTimeout ?? HEAD_TIMEOUT, 5000),
      keepAlive: true,
      noDelay: true,
      // Docker's own clients name no host on a unix socket.
      requireHostHeader: false,
      // Docker takes any upgrade for one to a raw stream where it hands a connection over; elsewhere it is not heeded.
      shouldUpgradeCallback: mayUpgrade,
    };
    const server = tls ? createTlsServer({ ...options, ...tlsOptions(tls) }) : createServer(options);
    server.maxConnections = this.#options.maxConnections ?? MAX_CONNECTIONS;
    server.on('request', (request, response) => {
      if (this.#closing) response.shouldKeepAlive = false;
      dispatcher.request(request, response);
    });
    server.on('upgrade', dispatcher.upgrade);
    server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    server.on('tlsClientError', (error) => this.#logger.debug('a TLS handshake failed', { error }));
    return server;
  }

  async #listenTcp(server: Server, options: TcpListenOptions): Promise<string> {
    if (!options.tls) {
      if (!options.allowInsecure) {
        throw new PouchError(
          'invalid-argument',
          'the API is not served on TCP without TLS: give certificates, or allow it explicitly if the network is trusted',
        );
      }
      this.#logger.warn('the API is served without TLS: whoever reaches this address controls the host', {
        address: `${options.host}:${options.port}`,
      });
    }
    await listening(server, () => server.listen({ host: options.host, port: options.port }));
    const bound = server.address();
    const port = bound && typeof bound === 'object' ? bound.port : options.port;
    return `tcp://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  }

  /** What reaches the server is no HTTP, or not in time. */
  #onClientError(error: Error, socket: Duplex): void {
    const code = errnoCode(error);
    const silent = code === 'ECONNRESET' || code === 'EPIPE' || !socket.writable || isUnused(code, socket);
    if (silent) {
      socket.destroy();
      return;
    }
    const [status, message] =
      code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request did not arrive in time']
        : code === 'HPE_HEADER_OVERFLOW'
          ? ['431 Request Header Fields Too Large', `the request's head is larger than ${HEAD_LIMIT} bytes`]
          : ['400 Bad Request', 'this is no HTTP request that can be understood'];
    const body = `${JSON.stringify({ message })}\n`;
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
}

/**
 * Whether a request that asks for another protocol gets one. HTTP/2 is an offer, which some clients make with each request: it
 * is heeded where BuildKit's connections are served.
 */
function mayUpgrade({ headers, url = '' }: IncomingMessage): boolean {
  const handsOver = /\/(containers\/[^/?]+\/attach|exec\/[^/?]+\/start|grpc|session)(\?|$)/.test(url);
  return handsOver || /^(tcp|websocket)$/i.test(headers.upgrade ?? '');
}

/** Wait for `work`, but no longer than `ms` milliseconds. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** A spare connection, as Go's client opens them: to write on it would make that client complain. */
function isUnused(code: string | undefined, socket: Duplex): boolean {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' && 'bytesRead' in socket && socket.bytesRead === 0;
}

function tlsOptions(tls: TlsOptions): object {
  return {
    cert: tls.certificate,
    key: tls.key,
    ca: tls.clientAuthority,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HEAD_TIMEOUT,
    allowHalfOpen: true,
    ALPNProtocols: ['http/1.1'],
  };
}

function listenError(error: unknown, options: ListenOptions): unknown {
  const where = 'unix' in options ? options.unix : `${options.host}:${options.port}`;
  const code = errnoCode(error);
  if (code === 'EADDRINUSE') {
    return new PouchError('conflict', `another program listens on ${where}; stop it, or choose another address`, {
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new PouchError('permission-denied', `listening on ${where} is not allowed; run as root`, { cause: error });
  }
  return error;
}
