import { type CallOptions, type ServiceFactory, toGrpc } from './call.ts';
import { DiffDefinition } from './generated/containerd/services/diff.ts';
import type { GrpcService } from '@pouch/grpc';
import { fromNanos } from './time.ts';
import { type Descriptor, fromDescriptor, fromMount, type Labels, type Mount, toDescriptor } from './types.ts';

export interface DiffRequest {
  /** The state before; none for an empty one. */
  readonly lower: readonly Mount[];
  readonly upper: readonly Mount[];
  /** A layer's media type; decides on compression. */
  readonly mediaType: string;
  /** The ingest's name in the content store. */
  readonly ref?: string | undefined;
  readonly labels?: Labels | undefined;
  /** Nanoseconds since the epoch: the youngest time in the layer; known to containerd 1.7 and later. */
  readonly sourceDateEpoch?: bigint | undefined;
}

/** Layers into snapshots, and back. */
export class Diff {
  readonly #rpc: GrpcService<typeof DiffDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(DiffDefinition);
  }

  /** Unpack a layer of the content store onto the mounts. Resolves with the uncompressed layer; its digest is the diff ID. */
  async apply(layer: Descriptor, mounts: readonly Mount[], options?: CallOptions): Promise<Descriptor> {
    const request = { diff: fromDescriptor(layer), mounts: mounts.map(fromMount) };
    return toDescriptor((await this.#rpc.unary('apply', request, toGrpc(options))).applied);
  }

  /** Write what changed between two states as a layer into the content store. */
  async diff(request: DiffRequest, options?: CallOptions): Promise<Descriptor> {
    const { lower, upper, mediaType, ref = '', labels, sourceDateEpoch } = request;
    const answer = await this.#rpc.unary(
      'diff',
      {
        left: lower.map(fromMount),
        right: upper.map(fromMount),
        mediaType,
        ref,
        labels: { ...labels },
        ...(sourceDateEpoch !== undefined && { sourceDateEpoch: fromNanos(sourceDateEpoch) }),
      },
      toGrpc(options),
    );
    return toDescriptor(answer.diff);
  }
}
