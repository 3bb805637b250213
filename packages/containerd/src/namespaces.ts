import { isErrorCode } from '@pouch/base';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead } from './call.ts';
import { type Namespace, NamespacesDefinition } from './generated/containerd/services/namespaces.ts';
import type { GrpcService } from '@pouch/grpc';
import { type Labels, present } from './types.ts';

export type { Namespace } from './generated/containerd/services/namespaces.ts';

export class Namespaces {
  readonly #rpc: GrpcService<typeof NamespacesDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(NamespacesDefinition);
  }

  /** containerd knows no difference between a namespace that is not there and one without labels: `list` tells. */
  async get(name: string, options?: CallOptions): Promise<Namespace> {
    return present((await this.#rpc.unary('get', { name }, toGrpcRead(options))).namespace, 'namespace');
  }

  async list(options?: CallOptions): Promise<Namespace[]> {
    return (await this.#rpc.unary('list', {}, toGrpcRead(options))).namespaces;
  }

  async create(name: string, labels: Labels = {}, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('create', { namespace: { name, labels: { ...labels } } }, toGrpc(options));
  }

  /** Create it unless it is there. */
  async ensure(name: string, options?: CallOptions): Promise<void> {
    try {
      await this.create(name, {}, { retryUnavailable: true, ...options });
    } catch (error) {
      if (!isErrorCode(error, 'already-exists')) throw error;
    }
  }

  /** Set these labels and leave the others; an empty value takes one away. */
  async updateLabels(name: string, labels: Labels, options?: CallOptions): Promise<void> {
    const paths = Object.keys(labels).map((key) => `labels.${key}`);
    const request = { namespace: { name, labels: { ...labels } }, updateMask: paths };
    await this.#rpc.unary('update', request, toGrpc(options));
  }

  /** `conflict` unless it is empty. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('delete', { name }, toGrpc(options));
  }
}
