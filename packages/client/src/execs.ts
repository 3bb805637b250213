import type { ExecCreateRequest, ExecCreateResponse, ExecInspect, ExecStartRequest } from '@pouch/api';
import { segment } from './path.ts';
import type { HijackedStream, Transport } from './transport.ts';

/** `/exec`: more processes in a running container. */
export class ExecsApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(container: string, config: ExecCreateRequest): Promise<string> {
    const path = `/containers/${segment(container)}/exec`;
    const created = await this.#transport.json<ExecCreateResponse>({ method: 'POST', path, json: config });
    return created.Id;
  }

  /** Start it and take the connection over for its streams. */
  async attach(id: string, config: ExecStartRequest): Promise<HijackedStream> {
    return await this.#transport.hijack({ method: 'POST', path: `/exec/${segment(id)}/start`, json: config });
  }

  async startDetached(id: string, config: ExecStartRequest): Promise<void> {
    await this.#transport.empty({
      method: 'POST',
      path: `/exec/${segment(id)}/start`,
      json: { ...config, Detach: true },
    });
  }

  async resize(id: string, height: number, width: number): Promise<void> {
    await this.#transport.empty({
      method: 'POST',
      path: `/exec/${segment(id)}/resize`,
      query: { h: height, w: width },
    });
  }

  async inspect(id: string): Promise<ExecInspect> {
    return await this.#transport.json({ method: 'GET', path: `/exec/${segment(id)}/json` });
  }
}
