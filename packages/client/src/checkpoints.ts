import type { Checkpoint, CheckpointCreateRequest } from '@pouch/api';
import { segment } from './path.ts';
import type { Transport } from './transport.ts';

/** `/containers/ID/checkpoints`. */
export class CheckpointsApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(id: string, request: CheckpointCreateRequest): Promise<void> {
    await this.#transport.empty({ method: 'POST', path: `/containers/${segment(id)}/checkpoints`, json: request });
  }

  async list(id: string, dir = ''): Promise<Checkpoint[]> {
    const path = `/containers/${segment(id)}/checkpoints`;
    return await this.#transport.json({ method: 'GET', path, query: { dir: dir || undefined } });
  }

  async remove(id: string, name: string, dir = ''): Promise<void> {
    const path = `/containers/${segment(id)}/checkpoints/${segment(name)}`;
    await this.#transport.empty({ method: 'DELETE', path, query: { dir: dir || undefined } });
  }
}
