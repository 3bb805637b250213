import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumePruneResponse } from '@pouch/api';
import { segment } from './path.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { Transport } from './transport.ts';

/** `/volumes`. */
export class VolumesApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(filters?: Filters): Promise<VolumeListResponse> {
    return await this.#transport.json({ method: 'GET', path: '/volumes', query: { filters: encodeFilters(filters) } });
  }

  async inspect(name: string): Promise<Volume> {
    return await this.#transport.json({ method: 'GET', path: `/volumes/${segment(name)}` });
  }

  async create(config: VolumeCreateRequest): Promise<Volume> {
    return await this.#transport.json({ method: 'POST', path: '/volumes/create', json: config });
  }

  async remove(name: string, force = false): Promise<void> {
    await this.#transport.empty({ method: 'DELETE', path: `/volumes/${segment(name)}`, query: { force } });
  }

  async prune(filters?: Filters): Promise<VolumePruneResponse> {
    const query = { filters: encodeFilters(filters) };
    return await this.#transport.json({ method: 'POST', path: '/volumes/prune', query });
  }
}
