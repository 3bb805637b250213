import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { errnoCode, errorMessage, type Logger, PouchError, sleep } from '@pouch/base';
import { setConnectionWindow } from './connection-window.ts';

/** Bytes that a server may send ahead, per stream and in all: bulk reads would crawl with HTTP/2's 64 KiB. */
const STREAM_WINDOW = 2 << 20;
const SESSION_WINDOW = 8 << 20;
const FIRST_PAUSE = 10;
const MAX_PAUSE = 200;

export interface GrpcChannelOptions {
  /** The socket; with `dial`, what messages call the server's address. */
  readonly path: string;
  /** Makes a connection in another way than to the socket. */
  readonly dial?: (() => Promise<Duplex>) | undefined;
  /** Who serves there, for messages. Default `containerd`. */
  readonly server?: string | undefined;
  /** Called each time that an open connection ended. */
  readonly onDisconnect?: (() => void) | undefined;
}

/**
 * One HTTP/2 connection to a gRPC server on a unix socket, made when first needed and again after it broke. Nothing is
 * remembered of failures: a server that comes back is used at once.
 */
export class GrpcChannel implements Disposable {
  readonly #path: string;
  readonly #dial: () => Promise<Duplex> | Duplex;
  readonly #server: string;
  readonly #logger: Logger;
  readonly #onDisconnect: () => void;
  #session: ClientHttp2Session | undefined;
  #connecting: Promise<ClientHttp2Session> | undefined;
  #disposed = false;

  constructor(options: GrpcChannelOptions, dependencies: { readonly logger: Logger }) {
    this.#path = options.path;
    this.#dial = options.dial ?? (() => createConnection({ path: options.path }));
    this.#server = options.server ?? 'containerd';
    this.#onDisconnect = options.onDisconnect ?? (() => {});
    this.#logger = dependencies.logger;
  }

  /**
   * Open a stream. While nothing listens on the socket it tries again, up to `patience` milliseconds; what fails with
   * `unavailable` here was never sent.
   */
  async open(headers: OutgoingHttpHeaders, patience: number, signal?: AbortSignal): Promise<ClientHttp2Stream> {
    for (let attempt = 1; ; attempt += 1) {
      const session = this.#usable() ?? (await this.#ready(patience, signal));
      try {
        return session.request(headers);
      } catch (error) {
        // The session began to close between the check and the call.
        if (this.#session === session) this.#session = undefined;
        if (attempt >= 3) {
          throw new PouchError('unavailable', `The connection to ${this.#path} closed.`, {
            cause: error,
            details: { sent: false },
          });
        }
      }
    }
  }

  /** Whether a connection stands, so that whoever is behind it lives. */
  get connected(): boolean {
    return this.#usable() !== undefined;
  }

  /** Close the connection; calls that are under way fail. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  /** Close the connection without ending this channel: the next call makes a new one. */
  reset(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session && !session.closed && !session.destroyed ? session : undefined;
  }

  async #ready(patience: number, signal?: AbortSignal): Promise<ClientHttp2Session> {
    const deadline = performance.now() + patience;
    let pause = FIRST_PAUSE;
    for (;;) {
      if (this.#disposed) throw new PouchError('unavailable', `The client of ${this.#server} has been closed.`);
      signal?.throwIfAborted();
      try {
        this.#connecting ??= this.#connect().finally(() => {
          this.#connecting = undefined;
        });
        return await this.#connecting;
      } catch (error) {
        if (errnoCode(error) === 'EACCES' || performance.now() + pause > deadline) throw this.#unreachable(error);
        await sleep(pause, signal);
        pause = Math.min(pause * 2, MAX_PAUSE);
      }
    }
  }

  #unreachable(error: unknown): PouchError {
    if (error instanceof PouchError) return error;
    const message = `Cannot reach ${this.#server} at ${this.#path}: ${errorMessage(error)}. Is it running?`;
    return new PouchError('unavailable', message, { cause: error, details: { sent: false } });
  }

  async #connect(): Promise<ClientHttp2Session> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>();
    const connection = await this.#dial();
    const session = connect('http://localhost', {
      createConnection: () => connection,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      // Node's limits of 100 streams and 10 MB would hold up a host with many waits.
      peerMaxConcurrentStreams: 0x7fffffff,
      maxSessionMemory: 1024,
    });
    const forget = (): void => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#onDisconnect();
    };
    session.once('connect', () => {
      // Told of a connection that has broken meanwhile, too; its 'close' follows.
      if (session.destroyed) return;
      setConnectionWindow(session, SESSION_WINDOW);
      if (this.#disposed) session.destroy();
      else this.#session = session;
      resolve(session);
    });
    session.on('error', (error) => {
      this.#logger.debug(`the connection to ${this.#server} failed`, { address: this.#path, error });
      forget();
      reject(error);
    });
    session.once('goaway', forget);
    session.once('close', () => {
      forget();
      reject(new Error('the connection closed'));
    });
    return await promise;
  }
}
