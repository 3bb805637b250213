import { isErrorCode } from '@pouch/base';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead } from './call.ts';
import { ImagesDefinition, type Image as ProtoImage } from './generated/containerd/services/images.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';
import { type Descriptor, fromDescriptor, type Labels, present, toDescriptor } from './types.ts';

export interface ImageRecord {
  readonly name: string;
  readonly labels: Labels;
  /** The manifest or index. */
  readonly target: Descriptor;
  readonly createdAt: bigint | undefined;
  readonly updatedAt: bigint | undefined;
}

export interface ImageRequest {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels?: Labels | undefined;
}

/** Image names and what they point at. An image holds its content (over `containerd.io/gc.ref.*` labels) from collection. */
export class Images {
  readonly #rpc: GrpcService<typeof ImagesDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(ImagesDefinition);
  }

  async get(name: string, options?: CallOptions): Promise<ImageRecord> {
    const answer = await this.#rpc.unary('get', { name }, toGrpcRead(options));
    return toRecord(present(answer.image, 'image'));
  }

  async list(filters: readonly string[] = [], options?: CallOptions): Promise<ImageRecord[]> {
    const answer = await this.#rpc.unary('list', { filters: [...filters] }, toGrpcRead(options));
    return answer.images.map(toRecord);
  }

  /** `already-exists` when the name is taken. */
  async create(request: ImageRequest, options?: CallOptions): Promise<ImageRecord> {
    const answer = await this.#rpc.unary('create', { image: fromRequest(request) }, toGrpc(options));
    return toRecord(present(answer.image, 'image'));
  }

  /** Point the name elsewhere, and replace its labels where they are given. */
  async update(request: ImageRequest, options?: CallOptions): Promise<ImageRecord> {
    const paths = request.labels ? ['target', 'labels'] : ['target'];
    const answer = await this.#rpc.unary('update', { image: fromRequest(request), updateMask: paths }, toGrpc(options));
    return toRecord(present(answer.image, 'image'));
  }

  /** Create the name, or point it elsewhere if it is taken. */
  async put(request: ImageRequest, options?: CallOptions): Promise<ImageRecord> {
    for (;;) {
      try {
        return await this.create(request, options);
      } catch (error) {
        if (!isErrorCode(error, 'already-exists')) throw error;
      }
      try {
        return await this.update(request, options);
      } catch (error) {
        // Deleted in between: create it after all.
        if (!isErrorCode(error, 'not-found')) throw error;
      }
    }
  }

  /** With `sync`, what only this image held is collected before the call ends. */
  async delete(name: string, sync = false, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('delete', { name, sync }, toGrpc(options));
  }
}

function fromRequest({ name, target, labels }: ImageRequest): Partial<ProtoImage> {
  return { name, target: fromDescriptor(target), labels: { ...labels } };
}

function toRecord(image: ProtoImage): ImageRecord {
  return {
    name: image.name,
    labels: image.labels,
    target: toDescriptor(image.target),
    createdAt: toNanos(image.createdAt),
    updatedAt: toNanos(image.updatedAt),
  };
}
