import { isErrorCode, PouchError } from '@pouch/base';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead, toGrpcStream } from './call.ts';
import {
  ContentDefinition,
  type Info as ProtoInfo,
  type Status as ProtoStatus,
} from './generated/containerd/services/content.ts';
import { ContentWriter } from './content-writer.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';
import { type Labels, present } from './types.ts';

export interface ContentInfo {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly createdAt: bigint | undefined;
  readonly updatedAt: bigint | undefined;
  readonly labels: Labels;
}

/** An ingest that is not committed. */
export interface IngestStatus {
  readonly ref: string;
  readonly offset: number;
  readonly total: number;
  readonly expected: string;
  readonly startedAt: bigint | undefined;
  readonly updatedAt: bigint | undefined;
}

export interface OpenWriterRequest {
  /** Names the ingest. One writer at a time; a later one goes on where the former stopped. */
  readonly ref: string;
  /** Bytes in all; 0 where not known. */
  readonly size?: number | undefined;
  /** `already-exists` at once where the store has it. */
  readonly digest?: string | undefined;
}

/** Blobs by digest. What nothing refers to (image, lease, `containerd.io/gc.*` label) is collected as garbage. */
export class Content {
  readonly #rpc: GrpcService<typeof ContentDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(ContentDefinition);
  }

  async info(digest: string, options?: CallOptions): Promise<ContentInfo> {
    return toInfo(present((await this.#rpc.unary('info', { digest }, toGrpcRead(options))).info, 'content'));
  }

  async exists(digest: string, options?: CallOptions): Promise<boolean> {
    try {
      await this.info(digest, options);
      return true;
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return false;
      throw error;
    }
  }

  async *list(filters: readonly string[] = [], options?: CallOptions): AsyncGenerator<ContentInfo, void, undefined> {
    for await (const page of this.#rpc.stream('list', { filters: [...filters] }, toGrpcStream(options))) {
      for (const info of page.info) yield toInfo(info);
    }
  }

  /** A blob's bytes from `offset` on, `size` of them (default: to the end), in chunks as they come. */
  async *read(
    digest: string,
    range: { readonly offset?: number; readonly size?: number } = {},
    options?: CallOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const request = { digest, offset: BigInt(range.offset ?? 0), size: BigInt(range.size ?? 0) };
    for await (const chunk of this.#rpc.stream('read', request, toGrpcStream(options))) yield chunk.data;
  }

  /** A whole blob; `too-large` when it is longer than `limit` bytes. For manifests and configurations. */
  async readAll(digest: string, limit: number, options?: CallOptions): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.read(digest, {}, options)) {
      size += chunk.length;
      if (size > limit) throw new PouchError('too-large', `The blob ${digest} is longer than ${limit} bytes.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** Set these labels and leave the others; an empty value takes one away. */
  async updateLabels(digest: string, labels: Labels, options?: CallOptions): Promise<ContentInfo> {
    const paths = Object.keys(labels).map((key) => `labels.${key}`);
    const request = { info: { digest, labels: { ...labels } }, updateMask: paths };
    return toInfo(present((await this.#rpc.unary('update', request, toGrpc(options))).info, 'content'));
  }

  async delete(digest: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('delete', { digest }, toGrpc(options));
  }

  /** Begin an ingest, or go on with one. Dispose the writer when done; what was not committed stays to be continued. */
  async openWriter(request: OpenWriterRequest, options?: CallOptions): Promise<ContentWriter> {
    return await ContentWriter.open(await this.#rpc.duplex('write', toGrpcStream(options)), request);
  }

  async status(ref: string, options?: CallOptions): Promise<IngestStatus> {
    const { status } = await this.#rpc.unary('status', { ref }, toGrpcRead(options));
    return toStatus(present(status, 'ingest'));
  }

  async listStatuses(filters: readonly string[] = [], options?: CallOptions): Promise<IngestStatus[]> {
    const { statuses } = await this.#rpc.unary('listStatuses', { filters: [...filters] }, toGrpcRead(options));
    return statuses.map(toStatus);
  }

  /** Drop an ingest and what was written to it. */
  async abort(ref: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('abort', { ref }, toGrpc(options));
  }
}

function toInfo(info: ProtoInfo): ContentInfo {
  return {
    digest: info.digest,
    size: Number(info.size),
    createdAt: toNanos(info.createdAt),
    updatedAt: toNanos(info.updatedAt),
    labels: info.labels,
  };
}

function toStatus(status: ProtoStatus): IngestStatus {
  return {
    ref: status.ref,
    offset: Number(status.offset),
    total: Number(status.total),
    expected: status.expected,
    startedAt: toNanos(status.startedAt),
    updatedAt: toNanos(status.updatedAt),
  };
}
