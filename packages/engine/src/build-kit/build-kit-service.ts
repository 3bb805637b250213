import type { Duplex } from 'node:stream';
import type { BuildCache, BuildPruneResponse } from '@pouch/api';

/** A build as `POST /build?version=2` asks for it: by BuildKit, with files and secrets from the client's session. */
export interface BuildKitBuildRequest {
  readonly tags: readonly string[];
  readonly dockerfile?: string | undefined;
  readonly target?: string | undefined;
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly platform?: string | undefined;
  readonly networkMode?: string | undefined;
  readonly extraHosts: readonly string[];
  /** Bytes; 0 for the default. */
  readonly shmSize: number;
  readonly ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly cacheFrom: readonly string[];
  readonly outputs: readonly { readonly Type: string; readonly Attrs: Readonly<Record<string, string>> }[];
  /** The client's session. */
  readonly session?: string | undefined;
  /** By which the client may cancel it, or send the context in a second request (`upload-request:ID`). */
  readonly buildId?: string | undefined;
  /** `client-session`, `upload-request`, or a URL. Without it the context is the body. */
  readonly remote?: string | undefined;
}

export interface BuildKitBuildOutput {
  /** An object beside the progress that people read: `moby.buildkit.trace`, `moby.image.id`. Resolves when there is room. */
  aux(id: string, value: unknown): Promise<void>;
}

export interface BuildKitPruneRequest {
  readonly all: boolean;
  /** Bytes that may stay. */
  readonly reservedSpace?: number | undefined;
  readonly maxUsedSpace?: number | undefined;
  readonly minFreeSpace?: number | undefined;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/** Builds by BuildKit: a buildkitd that is started when it is first needed. */
export interface BuildKitService {
  /** Whether this host has a buildkitd that may be used. The methods throw `unsupported` where it has none. */
  readonly available: boolean;
  /** Resolves when buildkitd answers. Ask before a connection is taken over. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Serve BuildKit's gRPC services on a connection that speaks HTTP/2. Resolves at its end. */
  grpc(connection: Duplex): Promise<void>;
  /** Let buildkitd call the client on this connection. The raw headers of the request describe the session. */
  session(connection: Duplex, rawHeaders: readonly string[]): Promise<void>;
  /**
   * `body` is the request's: a context, or nothing. Resolves with the image's id, where there is one. Throws BuildKit's error
   * for a build that failed.
   */
  build(
    request: BuildKitBuildRequest,
    body: AsyncIterable<Uint8Array>,
    output: BuildKitBuildOutput,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** End the build with this id, if it runs. */
  cancel(buildId: string): void;
  prune(request: BuildKitPruneRequest, signal: AbortSignal): Promise<BuildPruneResponse>;
  /** The build cache; nothing while no buildkitd has been started. */
  diskUsage(signal: AbortSignal): Promise<BuildCache[]>;
}
