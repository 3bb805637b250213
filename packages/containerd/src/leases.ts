import { randomBytes } from 'node:crypto';
import { isErrorCode } from '@pouch/base';
import { type CallOptions, type ServiceFactory, toGrpc, toGrpcRead } from './call.ts';
import { LeasesDefinition, type Lease as ProtoLease } from './generated/containerd/services/leases.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';
import { type Labels, present } from './types.ts';

/** The time (RFC 3339) after which a lease counts for nothing. */
const EXPIRE_LABEL = 'containerd.io/gc.expire';

export interface LeaseRecord {
  readonly id: string;
  readonly labels: Labels;
  readonly createdAt: bigint | undefined;
}

export interface LeaseResource {
  readonly id: string;
  /** `content`, `ingests`, or `snapshots/` and the snapshotter's name. */
  readonly type: string;
}

export interface LeaseCreateRequest {
  /** A random one where absent. */
  readonly id?: string | undefined;
  readonly labels?: Labels | undefined;
  /** Milliseconds after which containerd may drop it by itself: the safety net for a client that dies. */
  readonly expiresInMs?: number | undefined;
}

export class Leases {
  readonly #rpc: GrpcService<typeof LeasesDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(LeasesDefinition);
  }

  async create(request: LeaseCreateRequest = {}, options?: CallOptions): Promise<LeaseRecord> {
    const labels: Record<string, string> = { ...request.labels };
    if (request.expiresInMs !== undefined) {
      labels[EXPIRE_LABEL] = new Date(Date.now() + request.expiresInMs).toISOString();
    }
    const id = request.id ?? `lease-${randomBytes(12).toString('hex')}`;
    const answer = await this.#rpc.unary('create', { id, labels }, toGrpc(options));
    return toRecord(present(answer.lease, 'lease'));
  }

  /** With `sync`, what only this lease held is collected before the call ends. */
  async delete(id: string, sync = false, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('delete', { id, sync }, toGrpc(options));
  }

  async list(filters: readonly string[] = [], options?: CallOptions): Promise<LeaseRecord[]> {
    const answer = await this.#rpc.unary('list', { filters: [...filters] }, toGrpcRead(options));
    return answer.leases.map(toRecord);
  }

  async addResource(id: string, resource: LeaseResource, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('addResource', { id, resource }, toGrpc(options));
  }

  async deleteResource(id: string, resource: LeaseResource, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('deleteResource', { id, resource }, toGrpc(options));
  }

  async resources(id: string, options?: CallOptions): Promise<LeaseResource[]> {
    return (await this.#rpc.unary('listResources', { id }, toGrpcRead(options))).resources;
  }

  /** Run `work` under a lease of its own, which is given up afterwards whatever happens. Expires after a day by default. */
  async use<T>(
    work: (lease: string) => Promise<T>,
    request: LeaseCreateRequest = {},
    options?: CallOptions,
  ): Promise<T> {
    const { id } = await this.create({ expiresInMs: 24 * 3_600_000, ...request }, options);
    try {
      return await work(id);
    } finally {
      // Given up even when the work was cancelled; what cannot be deleted now expires.
      await this.delete(id, false, { namespace: options?.namespace, deadlineMs: 10_000 }).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found', 'unavailable', 'deadline-exceeded')) throw error;
      });
    }
  }
}

function toRecord(lease: ProtoLease): LeaseRecord {
  return { id: lease.id, labels: lease.labels, createdAt: toNanos(lease.createdAt) };
}
