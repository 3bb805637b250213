import type { Ulimit } from '@pouch/api';
import type { OutputTarget } from '../session/outputs.ts';
import type { CacheEntry } from './cache.ts';
import type { SecretSource } from './secret.ts';

/** Where a build gets its files. */
export type BuildContext =
  | { readonly kind: 'directory'; readonly path: string }
  /** Fetched by BuildKit: an archive, a Dockerfile, a git repository. */
  | { readonly kind: 'remote'; readonly url: string }
  /** An archive, as it comes. */
  | { readonly kind: 'archive'; readonly body: AsyncIterable<Uint8Array> }
  | { readonly kind: 'empty' };

/** The Dockerfile: a path, which with a remote context or an archive is one in it, or its text. */
export type Dockerfile =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string }
  /** That of the context. */
  | { readonly kind: 'default' };

/** What becomes of the result: an exporter of BuildKit's, and where it goes if it comes here. */
export interface BuildOutput {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly target?: OutputTarget | undefined;
}

/** A build by BuildKit's Dockerfile frontend. */
export interface BuildRequest {
  readonly context: BuildContext;
  readonly dockerfile: Dockerfile;
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly noCache: boolean;
  /** Stages that are built anew. */
  readonly noCacheFilter?: readonly string[] | undefined;
  readonly pull: boolean;
  readonly platforms: readonly string[];
  readonly networkMode?: string | undefined;
  /** `NAME:IP` or `NAME=IP`; the address `host-gateway` is the host's. */
  readonly extraHosts: readonly string[];
  /** Bytes; 0 for the default. */
  readonly shmSize: number;
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent?: string | undefined;
  readonly cacheFrom: readonly CacheEntry[];
  readonly cacheTo: readonly CacheEntry[];
  /** None of them: an image of the daemon's. */
  readonly outputs: readonly BuildOutput[];
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** Sockets of SSH agents by id. */
  readonly agents: ReadonlyMap<string, string>;
  /** More contexts: a directory, a URL, `docker-image://NAME`, `target:NAME`. */
  readonly namedContexts: Readonly<Record<string, string>>;
  /** Attestations by type: `provenance`, `sbom`. */
  readonly attestations?: Readonly<Record<string, string>> | undefined;
  /** What steps may do beyond the usual, such as `network.host`. */
  readonly entitlements?: readonly string[] | undefined;
}
