import type { AuthConfig, BuildCache, BuildPruneResponse, JSONMessage, Ulimit } from '@pouch/api';

export type BuildProgress = (message: JSONMessage) => void;

/** Limits of the containers that RUN steps run in. Bytes and Docker's units; 0 and absent mean none. */
export interface BuildLimits {
  readonly memory?: number;
  /** Memory and swap together; -1 for no limit. */
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  readonly shmSize?: number;
  readonly ulimits?: readonly Ulimit[];
}

export interface BuildRequest {
  /** The build context: a tar stream with any compression. Absent where `remote` names it. */
  readonly context?: AsyncIterable<Uint8Array>;
  /** A URL of a tar archive, of a Dockerfile, or of a git repository. */
  readonly remote?: string;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  readonly tags: readonly string[];
  /** null: named by the user without a value. */
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string;
  readonly platform?: string;
  readonly noCache: boolean;
  readonly cacheFrom: readonly string[];
  /** Ask registries for newer base images. */
  readonly pull: boolean;
  /** Say nothing but the image's id. */
  readonly quiet: boolean;
  /** Remove the containers of steps that went well. */
  readonly remove: boolean;
  /** Also those of one that failed. */
  readonly forceRemove: boolean;
  readonly networkMode: string;
  readonly extraHosts: readonly string[];
  readonly limits: BuildLimits;
  /** Credentials by registry. */
  readonly auths: Readonly<Record<string, AuthConfig>>;
  readonly onProgress: BuildProgress;
  readonly signal: AbortSignal;
}

export interface BuildPruneOptions {
  /** Also what images have a part of. */
  readonly all: boolean;
  /** Bytes of cache that stay: the newest used. */
  readonly reservedSpace?: number;
  /** Bytes of cache at most. */
  readonly maxUsedSpace?: number;
  /** Bytes that the disk shall have free. */
  readonly minFreeSpace?: number;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/**
 * Builds images of Dockerfiles. One builder is the engine's own, with the behaviour of Docker's classic builder; BuildKit can be
 * another behind the same interface.
 */
export interface BuildService {
  /**
   * Build; progress goes to `onProgress` as Docker's classic builder writes it. Resolves with the image's id. Ends with the
   * signal, and leaves no container behind. Throws invalid-argument (a Dockerfile or context that cannot be right), not-found,
   * too-large, and BuildStepError for a command that failed.
   */
  build(request: BuildRequest): Promise<string>;
  prune(options: BuildPruneOptions): Promise<BuildPruneResponse>;
  /** Records of the cache, for `system df`. */
  usage(): Promise<BuildCache[]>;
}
