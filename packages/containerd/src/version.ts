import { type CallOptions, type ServiceFactory, toGrpcRead } from './call.ts';
import { VersionDefinition, type VersionResponse } from './generated/containerd/services/version.ts';
import type { GrpcService } from '@pouch/grpc';

export type { VersionResponse };

export class Version {
  readonly #rpc: GrpcService<typeof VersionDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(VersionDefinition);
  }

  /** `version` such as `1.6.20~ds1` or `v2.1.0`; `revision` is the commit, if the packager told it. */
  async get(options?: CallOptions): Promise<VersionResponse> {
    return await this.#rpc.unary('version', {}, toGrpcRead(options));
  }
}
