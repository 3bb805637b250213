import type { AuthConfig, BuildPruneResponse, JSONMessage, Ulimit } from '@pouch/api';
import type { RequestBody } from './connection.ts';
import type { ProgressStream } from './images.ts';
import { jsonLines } from './json-stream.ts';
import { encodeFilters, type Filters } from './query.ts';
import type { Transport } from './transport.ts';

/** What `POST /build` takes; names as in Docker's API. */
export interface BuildOptions {
  readonly dockerfile?: string;
  readonly tags?: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cacheFrom?: readonly string[];
  readonly extraHosts?: readonly string[];
  readonly ulimits?: readonly Ulimit[];
  readonly remote?: string;
  readonly target?: string;
  readonly platform?: string;
  readonly networkMode?: string;
  readonly quiet?: boolean;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly rm?: boolean;
  readonly forceRm?: boolean;
  readonly squash?: boolean;
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  readonly shmSize?: number;
  /** Credentials by registry. */
  readonly auths?: Readonly<Record<string, AuthConfig>>;
  readonly signal?: AbortSignal;
}

/** `/build`. */
export class BuildsApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The builder that the daemon would rather be asked for: BuildKit where it has one. */
  async preferred(): Promise<'buildkit' | 'classic'> {
    return (await this.#transport.ping()).get('builder-version') === '2' ? 'buildkit' : 'classic';
  }

  /** Send a context (a tar stream; none with `remote`) and build. Lines of progress; a failure is a line with `errorDetail`. */
  async build(context: RequestBody | undefined, options: BuildOptions): Promise<ProgressStream> {
    const response = await this.#transport.request({
      method: 'POST',
      path: '/build',
      query: queryOf(options),
      headers: {
        'X-Registry-Config': Buffer.from(JSON.stringify(options.auths ?? {})).toString('base64url'),
      },
      ...(context !== undefined && { body: context, contentType: 'application/x-tar' }),
      ...(options.signal && { signal: options.signal }),
    });
    return jsonLines<JSONMessage>(response.body);
  }

  async prune(
    options: {
      readonly all?: boolean;
      readonly filters?: Filters;
      readonly reservedSpace?: number;
      readonly maxUsedSpace?: number;
      readonly minFreeSpace?: number;
    } = {},
  ): Promise<BuildPruneResponse> {
    return await this.#transport.json({
      method: 'POST',
      path: '/build/prune',
      query: {
        all: options.all,
        filters: encodeFilters(options.filters),
        'reserved-space': options.reservedSpace,
        'max-used-space': options.maxUsedSpace,
        'min-free-space': options.minFreeSpace,
      },
    });
  }
}

function queryOf(options: BuildOptions): Record<string, string | number | boolean | readonly string[] | undefined> {
  const json = (value: object | undefined): string | undefined =>
    value === undefined ? undefined : JSON.stringify(value);
  return {
    version: '1',
    dockerfile: options.dockerfile,
    t: options.tags,
    buildargs: json(options.buildArgs),
    labels: json(options.labels),
    cachefrom: json(options.cacheFrom),
    extrahosts: options.extraHosts,
    ulimits: json(options.ulimits),
    remote: options.remote,
    target: options.target,
    platform: options.platform,
    networkmode: options.networkMode,
    q: options.quiet,
    nocache: options.noCache,
    pull: options.pull,
    rm: options.rm === false ? '0' : '1',
    forcerm: options.forceRm,
    squash: options.squash,
    memory: options.memory,
    memswap: options.memorySwap,
    cpushares: options.cpuShares,
    cpuperiod: options.cpuPeriod,
    cpuquota: options.cpuQuota,
    cpusetcpus: options.cpusetCpus,
    cpusetmems: options.cpusetMems,
    cgroupparent: options.cgroupParent,
    shmsize: options.shmSize,
  };
}
