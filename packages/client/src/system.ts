import type { AuthConfig, AuthResponse, EventMessage, SystemDataUsage, SystemInfo, SystemVersion } from '@pouch/api';
import { jsonLines } from './json-stream.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { Transport } from './transport.ts';

/** The routes about the daemon itself. */
export class SystemApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async version(): Promise<SystemVersion> {
    return await this.#transport.json({ method: 'GET', path: '/version' });
  }

  async info(): Promise<SystemInfo> {
    return await this.#transport.json({ method: 'GET', path: '/info' });
  }

  async diskUsage(types: readonly string[] = []): Promise<SystemDataUsage> {
    return await this.#transport.json({ method: 'GET', path: '/system/df', query: { type: types } });
  }

  /** Check credentials against their registry; throws unauthenticated when it refuses them. */
  async login(auth: AuthConfig): Promise<AuthResponse> {
    return await this.#transport.json({ method: 'POST', path: '/auth', json: auth });
  }

  async *events(
    options: {
      readonly since?: string;
      readonly until?: string;
      readonly filters?: Filters;
      readonly signal?: AbortSignal;
      /** Called once the daemon is listening: what happens from then on is not missed. */
      readonly onOpen?: () => void;
    } = {},
  ): AsyncGenerator<EventMessage> {
    const { since, until, filters, signal } = options;
    const response = await this.#transport.request({
      method: 'GET',
      path: '/events',
      query: { since, until, filters: encodeFilters(filters) },
      ...(signal && { signal }),
    });
    options.onOpen?.();
    yield* jsonLines<EventMessage>(response.body);
  }
}
