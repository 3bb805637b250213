import { type Any, OCI_TYPE, packJson, unpackJson } from './any.ts';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead, toGrpcStream } from './call.ts';
import { type Container as ProtoContainer, ContainersDefinition } from './generated/containerd/services/containers.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';
import { type Labels, present } from './types.ts';

export interface ContainerCreateRequest {
  readonly id: string;
  readonly labels?: Labels | undefined;
  readonly image?: string | undefined;
  /** Such as `io.containerd.runc.v2`. */
  readonly runtime: string;
  readonly runtimeOptions?: Any | undefined;
  /** The OCI runtime specification. */
  readonly spec: object;
  readonly snapshotter?: string | undefined;
  readonly snapshotKey?: string | undefined;
  readonly extensions?: Readonly<Record<string, Any>> | undefined;
}

export interface ContainerRecord {
  readonly id: string;
  readonly labels: Labels;
  readonly image: string;
  readonly runtime: string;
  readonly runtimeOptions: Any | undefined;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly createdAt: bigint | undefined;
  readonly updatedAt: bigint | undefined;
  readonly extensions: Readonly<Record<string, Any>>;
  /** The OCI runtime specification, parsed at each call. */
  spec(): unknown;
}

/** Container records: what a task is made from. They run nothing by themselves. */
export class Containers {
  readonly #rpc: GrpcService<typeof ContainersDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(ContainersDefinition);
  }

  /** `already-exists` when the id is taken. */
  async create(request: ContainerCreateRequest, options?: CallOptions): Promise<ContainerRecord> {
    const answer = await this.#rpc.unary('create', { container: fromRequest(request) }, toGrpc(options));
    return toRecord(present(answer.container, 'container'));
  }

  async get(id: string, options?: CallOptions): Promise<ContainerRecord> {
    const answer = await this.#rpc.unary('get', { id }, toGrpcRead(options));
    return toRecord(present(answer.container, 'container'));
  }

  /** One after the other, so that the answer has no size limit. Filters are containerd's; one match is enough. */
  async *list(
    filters: readonly string[] = [],
    options?: CallOptions,
  ): AsyncGenerator<ContainerRecord, void, undefined> {
    for await (const message of this.#rpc.stream('listStream', { filters: [...filters] }, toGrpcStream(options))) {
      yield toRecord(present(message.container, 'container'));
    }
  }

  /** Change what is given, and nothing else. Labels are replaced as a whole. */
  async update(
    id: string,
    change: Partial<Pick<ContainerCreateRequest, 'labels' | 'image' | 'spec' | 'snapshotKey' | 'extensions'>>,
    options?: CallOptions,
  ): Promise<ContainerRecord> {
    const paths = Object.keys(change).map((key) => (key === 'snapshotKey' ? 'snapshot_key' : key));
    const container = fromRequest({ ...change, id });
    const answer = await this.#rpc.unary('update', { container, updateMask: paths }, toGrpc(options));
    return toRecord(present(answer.container, 'container'));
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('delete', { id }, toGrpc(options));
  }
}

function fromRequest(request: Partial<ContainerCreateRequest> & { readonly id: string }): Partial<ProtoContainer> {
  const { id, labels, image, runtime, runtimeOptions, spec, snapshotter, snapshotKey, extensions } = request;
  return {
    id,
    ...(labels && { labels: { ...labels } }),
    ...(image !== undefined && { image }),
    ...(runtime !== undefined && { runtime: { name: runtime, options: runtimeOptions } }),
    ...(spec && { spec: packJson(OCI_TYPE.spec, spec) }),
    ...(snapshotter !== undefined && { snapshotter }),
    ...(snapshotKey !== undefined && { snapshotKey }),
    ...(extensions && { extensions: { ...extensions } }),
  };
}

function toRecord(container: ProtoContainer): ContainerRecord {
  const { id, labels, image, runtime, snapshotter, snapshotKey, extensions, spec } = container;
  return {
    id,
    labels,
    image,
    runtime: runtime?.name ?? '',
    runtimeOptions: runtime?.options,
    snapshotter,
    snapshotKey,
    createdAt: toNanos(container.createdAt),
    updatedAt: toNanos(container.updatedAt),
    extensions,
    spec: () => (spec ? unpackJson(spec) : undefined),
  };
}
