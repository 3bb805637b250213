import { type CallOptions, type ServiceFactory, toGrpcRead } from './call.ts';
import { IntrospectionDefinition, type Plugin as ProtoPlugin } from './generated/containerd/services/introspection.ts';
import type { GrpcService } from '@pouch/grpc';

export interface PluginRecord {
  /** Such as `io.containerd.snapshotter.v1`. */
  readonly type: string;
  readonly id: string;
  readonly capabilities: readonly string[];
  /** What the plugin tells of itself: the content store's and the snapshotters' `root`, for instance. */
  readonly exports: Readonly<Record<string, string>>;
  /** Why it did not load. */
  readonly error?: string;
}

const CONTENT = 'io.containerd.content.v1';
const SNAPSHOTTER = 'io.containerd.snapshotter.v1';

export class Introspection {
  readonly #rpc: GrpcService<typeof IntrospectionDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(IntrospectionDefinition);
  }

  async plugins(filters: readonly string[] = [], options?: CallOptions): Promise<PluginRecord[]> {
    const answer = await this.#rpc.unary('plugins', { filters: [...filters] }, toGrpcRead(options));
    return answer.plugins.map(toRecord);
  }

  /** The names of the snapshotters that work on this host. */
  async snapshotters(options?: CallOptions): Promise<string[]> {
    const plugins = await this.plugins([`type==${SNAPSHOTTER}`], options);
    return plugins.filter((plugin) => plugin.error === undefined).map((plugin) => plugin.id);
  }

  /** The content store's directory on containerd's side; undefined where it does not tell. */
  async contentRoot(options?: CallOptions): Promise<string | undefined> {
    const plugins = await this.plugins([`type==${CONTENT}`], options);
    return plugins.find((plugin) => plugin.error === undefined)?.exports['root'];
  }

  /** The identity of the daemon, kept over restarts. */
  async uuid(options?: CallOptions): Promise<string> {
    return (await this.#rpc.unary('server', {}, toGrpcRead(options))).uuid;
  }
}

function toRecord(plugin: ProtoPlugin): PluginRecord {
  const { type, id, capabilities, exports, initErr } = plugin;
  return { type, id, capabilities, exports, ...(initErr && { error: initErr.message }) };
}
