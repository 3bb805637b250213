import { performServerHandshake } from 'node:http2';
import type { Duplex } from 'node:stream';
import { background, type Logger } from '@pouch/base';
import type { ServiceDefinition } from '../service.ts';
import type { Implementation, ServedMethod, StreamHandler } from './implementation.ts';
import { refuseCall, ServedCall } from './served-call.ts';

/** Bytes that a client may send ahead: per call, and on a connection in all. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 8 << 20;

export interface GrpcServerOptions {
  readonly logger: Logger;
}

/** Serves services on connections that are there already: whoever opened them, the peer is the one who calls. */
export class GrpcServer {
  readonly #logger: Logger;
  readonly #methods = new Map<string, ServedMethod>();

  constructor(dependencies: GrpcServerOptions) {
    this.#logger = dependencies.logger;
  }

  /** Serve one more service. */
  add<D extends ServiceDefinition>(definition: D, implementation: Implementation<D>): void {
    for (const [name, method] of Object.entries(definition.methods)) {
      const handler = implementation[name as keyof D['methods']] as unknown as StreamHandler<unknown, unknown>;
      this.#methods.set(`/${definition.fullName}/${method.name}`, { definition: method, handler });
    }
  }

  /** The paths of what is served: `/package.Service/Method`. */
  get methods(): readonly string[] {
    return [...this.#methods.keys()];
  }

  /** Serve a connection; resolves when it has ended. */
  async serve(socket: Duplex): Promise<void> {
    if (socket.destroyed) return;
    const session = performServerHandshake(socket, {
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: 256,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    session.once('close', resolve);
    session.on('error', (error) => this.#logger.debug('the connection of a gRPC client failed', { error }));
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.on('stream', (stream, headers, _flags, raw) => {
      const path = headers[':path'] ?? '';
      const method = this.#methods.get(path);
      if (!method) return refuseCall(stream, path);
      background(new ServedCall(stream, method, raw).run(), (error) => {
        this.#logger.warn('a gRPC call could not be answered', { path, error });
      });
    });
    try {
      await promise;
    } finally {
      socket.destroy();
    }
  }
}
