import type {
  AuthConfig,
  Checkpoint,
  CheckpointCreateRequest,
  ContainerChange,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerPruneResponse,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerUpgradeRequest,
  ContainerUpgradeResponse,
  ContainerWaitResponse,
  ExecCreateRequest,
  ExecInspect,
} from '@pouch/api';
import type { ContainerImage } from '../image/image-service.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;
export type StreamName = 'stdout' | 'stderr';

/** A piece of a container's output. With a terminal everything is stdout. */
export interface OutputChunk {
  readonly stream: StreamName;
  readonly data: Uint8Array;
}

/** A live connection to a process's streams. Disposing it detaches; the process goes on. */
export interface AttachSession extends AsyncDisposable {
  readonly tty: boolean;
  /** Ends when the process's output has ended, or on detach. A slow reader holds back nobody else. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when the bytes were handed to the process. After the detach keys it rejects with `cancelled`. */
  write(chunk: Uint8Array): Promise<void>;
  /** The client has closed its side: the process's stdin ends (unless StdinOnce is off and others may come). */
  endInput(): Promise<void>;
  /** Aborted when the user typed the detach keys. */
  readonly detached: AbortSignal;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Past output first. */
  readonly logs: boolean;
  /** Live output after it. */
  readonly stream: boolean;
  /** As Docker's `--detach-keys`; default ctrl-p,ctrl-q. */
  readonly detachKeys?: string;
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Nanoseconds since the epoch. */
  readonly since?: bigint;
  readonly until?: bigint;
  readonly timestamps: boolean;
  /** Lines from the end; undefined for all. */
  readonly tail?: number;
  readonly details: boolean;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface ArchiveStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode bits, as Docker's X-Docker-Container-Path-Stat carries them. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

/**
 * The life of containers. `name` is a name, an id or a unique id prefix. Errors: not-found ("No such container: x"),
 * conflict (wrong state), not-modified (already so), invalid-argument, unsupported.
 */
export interface ContainerService {
  create(
    request: ContainerCreateRequest,
    options: {
      name?: string;
      platform?: string;
      /** A file system that no image has (yet), in place of the one that the request names: a step of a build. */
      base?: ContainerImage;
    },
  ): Promise<ContainerCreateResponse>;
  list(options: { all: boolean; limit?: number; size?: boolean; filters: Filters }): Promise<ContainerSummary[]>;
  inspect(name: string, options?: { size?: boolean }): Promise<ContainerInspect>;
  start(name: string, options?: { checkpoint?: string; checkpointDir?: string }): Promise<void>;
  stop(name: string, options: { signal?: string; timeout?: number }): Promise<void>;
  restart(name: string, options: { signal?: string; timeout?: number }): Promise<void>;
  kill(name: string, signal?: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  update(name: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse>;
  /** Another image under it. Throws `conflict` when that failed, and it is as it was. */
  upgrade(
    name: string,
    request: ContainerUpgradeRequest,
    options?: { auth?: AuthConfig },
  ): Promise<ContainerUpgradeResponse>;
  /** Freeze its processes into files. Throws `unsupported` where host or runtime cannot. */
  checkpointCreate(name: string, request: CheckpointCreateRequest): Promise<void>;
  checkpointList(name: string, dir?: string): Promise<Checkpoint[]>;
  checkpointRemove(name: string, checkpoint: string, dir?: string): Promise<void>;
  remove(name: string, options: { force: boolean; volumes: boolean; link?: boolean }): Promise<void>;
  /** Known to exist when this returns (the transport can send its headers); the result follows. */
  wait(
    name: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): { readonly result: Promise<ContainerWaitResponse> };
  prune(filters: Filters): Promise<ContainerPruneResponse>;

  attach(name: string, options: AttachOptions): Promise<AttachSession>;
  logs(
    name: string,
    options: LogOptions,
    signal: AbortSignal,
  ): Promise<{ readonly tty: boolean; readonly output: AsyncIterable<OutputChunk> }>;
  resize(name: string, size: { height: number; width: number }): Promise<void>;
  top(name: string, psArgs: string): Promise<ContainerTop>;
  /** One value (with a one-second pause for the CPU's difference unless `oneShot`), or one a second until the container is gone. */
  stats(
    name: string,
    options: { stream: boolean; oneShot: boolean },
    signal: AbortSignal,
  ): AsyncIterable<ContainerStats>;

  changes(name: string): Promise<ContainerChange[]>;
  exportFilesystem(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  statPath(name: string, path: string): Promise<ArchiveStat>;
  getArchive(
    name: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ stat: ArchiveStat; tar: AsyncIterable<Uint8Array> }>;
  putArchive(
    name: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir: boolean; copyUIDGID: boolean; signal: AbortSignal },
  ): Promise<void>;
  commit(
    name: string,
    options: {
      repository?: string;
      tag?: string;
      comment?: string;
      author?: string;
      pause: boolean;
      changes: readonly string[];
      config?: ContainerCreateRequest;
    },
  ): Promise<string>;

  execCreate(name: string, request: ExecCreateRequest): Promise<string>;
  /**
   * Whether the exec gets a terminal when it is started with this `tty`. Throws what a start would be refused with: `not-found`
   * and `conflict`.
   */
  execStartsWithTty(execId: string, tty: boolean): boolean;
  /** With `detach` the session is undefined and the process runs on. */
  execStart(
    execId: string,
    options: { detach: boolean; tty: boolean; consoleSize?: readonly [height: number, width: number] },
  ): Promise<AttachSession | undefined>;
  execResize(execId: string, size: { height: number; width: number }): Promise<void>;
  execInspect(execId: string): Promise<ExecInspect>;
}
