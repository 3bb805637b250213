import { isErrorCode } from '@pouch/base';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead, toGrpcStream } from './call.ts';
import { Kind, type Info as ProtoInfo, SnapshotsDefinition } from './generated/containerd/services/snapshots.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';
import { type Labels, type Mount, present, toMount } from './types.ts';

export interface SnapshotInfo {
  readonly name: string;
  readonly parent: string;
  readonly kind: 'unknown' | 'view' | 'active' | 'committed';
  readonly createdAt: bigint | undefined;
  readonly updatedAt: bigint | undefined;
  readonly labels: Labels;
}

const KINDS: Readonly<Record<number, SnapshotInfo['kind']>> = {
  [Kind.VIEW]: 'view',
  [Kind.ACTIVE]: 'active',
  [Kind.COMMITTED]: 'committed',
};

/** The snapshots of one snapshotter. What `prepare` makes is collected as garbage unless a lease, a label or a container holds it. */
export class Snapshots {
  readonly #rpc: GrpcService<typeof SnapshotsDefinition>;
  readonly snapshotter: string;

  constructor(services: ServiceFactory, snapshotter: string) {
    this.#rpc = services.service(SnapshotsDefinition);
    this.snapshotter = snapshotter;
  }

  /** A writable snapshot over a committed one (`''`: over nothing); resolves with what to mount. */
  async prepare(key: string, parent: string, labels: Labels = {}, options?: CallOptions): Promise<Mount[]> {
    const request = { snapshotter: this.snapshotter, key, parent, labels: { ...labels } };
    return (await this.#rpc.unary('prepare', request, toGrpc(options))).mounts.map(toMount);
  }

  /** The same, read-only. */
  async view(key: string, parent: string, labels: Labels = {}, options?: CallOptions): Promise<Mount[]> {
    const request = { snapshotter: this.snapshotter, key, parent, labels: { ...labels } };
    return (await this.#rpc.unary('view', request, toGrpc(options))).mounts.map(toMount);
  }

  async mounts(key: string, options?: CallOptions): Promise<Mount[]> {
    const request = { snapshotter: this.snapshotter, key };
    return (await this.#rpc.unary('mounts', request, toGrpcRead(options))).mounts.map(toMount);
  }

  /** Make the active snapshot `key` the committed one `name`. */
  async commit(name: string, key: string, labels: Labels = {}, options?: CallOptions): Promise<void> {
    await this.#rpc.unary(
      'commit',
      { snapshotter: this.snapshotter, name, key, labels: { ...labels } },
      toGrpc(options),
    );
  }

  /** `conflict` while another snapshot stands on it. */
  async remove(key: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('remove', { snapshotter: this.snapshotter, key }, toGrpc(options));
  }

  async stat(key: string, options?: CallOptions): Promise<SnapshotInfo> {
    const answer = await this.#rpc.unary('stat', { snapshotter: this.snapshotter, key }, toGrpcRead(options));
    return toInfo(present(answer.info, 'snapshot'));
  }

  /** Whether there is a snapshot of that name. */
  async exists(key: string, options?: CallOptions): Promise<boolean> {
    try {
      await this.stat(key, options);
      return true;
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return false;
      throw error;
    }
  }

  /** Set these labels and leave the others; an empty value takes one away. */
  async updateLabels(name: string, labels: Labels, options?: CallOptions): Promise<SnapshotInfo> {
    const paths = Object.keys(labels).map((key) => `labels.${key}`);
    const request = { snapshotter: this.snapshotter, info: { name, labels: { ...labels } }, updateMask: paths };
    const answer = await this.#rpc.unary('update', request, toGrpc(options));
    return toInfo(present(answer.info, 'snapshot'));
  }

  async *list(filters: readonly string[] = [], options?: CallOptions): AsyncGenerator<SnapshotInfo, void, undefined> {
    const request = { snapshotter: this.snapshotter, filters: [...filters] };
    for await (const page of this.#rpc.stream('list', request, toGrpcStream(options))) {
      for (const info of page.info) yield toInfo(info);
    }
  }

  /** Bytes and inodes of the snapshot itself, without its parents'. */
  async usage(key: string, options?: CallOptions): Promise<{ size: number; inodes: number }> {
    const answer = await this.#rpc.unary('usage', { snapshotter: this.snapshotter, key }, toGrpcRead(options));
    return { size: Number(answer.size), inodes: Number(answer.inodes) };
  }

  /** Free what removed snapshots left on disk; `unsupported` where the snapshotter leaves nothing. */
  async cleanup(options?: CallOptions): Promise<void> {
    await this.#rpc.unary('cleanup', { snapshotter: this.snapshotter }, toGrpc(options));
  }
}

function toInfo(info: ProtoInfo): SnapshotInfo {
  return {
    name: info.name,
    parent: info.parent,
    kind: KINDS[info.kind] ?? 'unknown',
    createdAt: toNanos(info.createdAt),
    updatedAt: toNanos(info.updatedAt),
    labels: info.labels,
  };
}
