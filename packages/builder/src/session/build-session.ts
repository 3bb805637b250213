import { randomBytes } from 'node:crypto';
import { asPouchError, background, type Logger } from '@pouch/base';
import type { Transport } from '@pouch/client';
import { GrpcServer } from '@pouch/grpc';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../generated/buildkit/session/health.ts';
import { UpgradedSocket } from './upgraded-socket.ts';

export interface BuildSessionOptions {
  /** Names what is transferred: of a later session with the same key BuildKit takes only what has changed. */
  readonly sharedKey: string;
}

export interface BuildSessionDependencies {
  readonly transport: Transport;
  readonly logger: Logger;
}

/**
 * A connection in which BuildKit calls this client during a build, for files, secrets and credentials. Add the services, then
 * open it; dispose of it when the build is done.
 */
export class BuildSession implements Disposable {
  readonly id: string = randomBytes(16).toString('hex');
  readonly server: GrpcServer;
  readonly #options: BuildSessionOptions;
  readonly #deps: BuildSessionDependencies;
  #socket: UpgradedSocket | undefined;

  constructor(options: BuildSessionOptions, dependencies: BuildSessionDependencies) {
    this.#options = options;
    this.#deps = dependencies;
    this.server = new GrpcServer(dependencies);
    // BuildKit asks every few seconds, and takes a client that does not answer for gone.
    this.server.add(HealthDefinition, { check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }) });
  }

  /** Connect. Throws what the daemon says where it has no BuildKit. */
  async open(signal: AbortSignal): Promise<void> {
    const { transport, logger } = this.#deps;
    const request = {
      method: 'POST',
      path: '/session',
      headers: {
        'X-Docker-Expose-Session-Uuid': this.id,
        'X-Docker-Expose-Session-Name': 'pouch',
        'X-Docker-Expose-Session-Sharedkey': this.#options.sharedKey,
        'X-Docker-Expose-Session-Grpc-Method': this.server.methods,
      },
      signal,
    } as const;
    this.#socket = new UpgradedSocket(await transport.hijack(request, 'h2c'));
    this.#socket.on('error', (error) => logger.debug('the session failed', { error: asPouchError(error).message }));
    background(this.server.serve(this.#socket), (error) => logger.debug('the session failed', { error }));
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
  }
}
