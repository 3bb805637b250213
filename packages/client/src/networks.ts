import type {
  EndpointSettings,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkInspect,
  NetworkPruneResponse,
  NetworkSummary,
} from '@pouch/api';
import { segment } from './path.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { Transport } from './transport.ts';

/** `/networks`. */
export class NetworksApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(filters?: Filters): Promise<NetworkSummary[]> {
    return await this.#transport.json({ method: 'GET', path: '/networks', query: { filters: encodeFilters(filters) } });
  }

  async inspect(id: string, options: { readonly verbose?: boolean } = {}): Promise<NetworkInspect> {
    return await this.#transport.json({ method: 'GET', path: `/networks/${segment(id)}`, query: { ...options } });
  }

  async create(config: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    return await this.#transport.json({ method: 'POST', path: '/networks/create', json: config });
  }

  async remove(id: string): Promise<void> {
    await this.#transport.empty({ method: 'DELETE', path: `/networks/${segment(id)}` });
  }

  async connect(id: string, container: string, endpoint?: EndpointSettings): Promise<void> {
    await this.#transport.empty({
      method: 'POST',
      path: `/networks/${segment(id)}/connect`,
      json: { Container: container, ...(endpoint && { EndpointConfig: endpoint }) },
    });
  }

  async disconnect(id: string, container: string, force = false): Promise<void> {
    const json = { Container: container, Force: force };
    await this.#transport.empty({ method: 'POST', path: `/networks/${segment(id)}/disconnect`, json });
  }

  async prune(filters?: Filters): Promise<NetworkPruneResponse> {
    const query = { filters: encodeFilters(filters) };
    return await this.#transport.json({ method: 'POST', path: '/networks/prune', query });
  }
}
