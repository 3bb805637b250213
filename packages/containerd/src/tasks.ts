import { type Any, OCI_TYPE, packJson, typeName } from './any.ts';
import { type CallOptions, filterValue, type ServiceFactory, toGrpc, toGrpcRead } from './call.ts';
import { ProcessDetails } from './generated/containerd/runtime/runc.ts';
import { TasksDefinition } from './generated/containerd/services/tasks.ts';
import { type Process as ProtoProcess, Status } from './generated/containerd/types/task.ts';
import type { GrpcService } from '@pouch/grpc';
import { decodeMetric, type TaskMetric } from './metrics.ts';
import { mapRuntimeError } from './runtime-errors.ts';
import { toNanos } from './time.ts';
import { type Descriptor, fromDescriptor, fromMount, type Mount, present, toDescriptor } from './types.ts';

export type TaskStatus = 'unknown' | 'created' | 'running' | 'stopped' | 'paused' | 'pausing';

const STATUS: Readonly<Record<number, TaskStatus>> = {
  [Status.CREATED]: 'created',
  [Status.RUNNING]: 'running',
  [Status.STOPPED]: 'stopped',
  [Status.PAUSED]: 'paused',
  [Status.PAUSING]: 'pausing',
};

/** The streams of a process: FIFO paths, or URIs that the shim understands; absent is /dev/null. */
export interface ProcessIo {
  readonly stdin?: string | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly terminal?: boolean | undefined;
}

export interface TaskCreateRequest extends ProcessIo {
  readonly containerId: string;
  readonly rootfs?: readonly Mount[] | undefined;
  /** The runtime's options, such as `packRuncOptions` makes; those of the container record where absent. */
  readonly options?: Any | undefined;
  readonly checkpoint?: Descriptor | undefined;
  /** The shim's binary, instead of the one that the runtime's name gives. */
  readonly runtimePath?: string | undefined;
}

export interface TaskExecRequest extends ProcessIo {
  readonly containerId: string;
  readonly execId: string;
  /** An OCI `process` object. */
  readonly process: object;
}

export interface TaskProcess {
  readonly containerId: string;
  /** The container's id for its first process, else the exec's. */
  readonly id: string;
  readonly pid: number;
  readonly status: TaskStatus;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  readonly exitStatus: number;
  /** Nanoseconds since the epoch; undefined while it runs. */
  readonly exitedAt: bigint | undefined;
}

export interface TaskExitInfo {
  /** 0–255; 128 and the signal's number after a signal. */
  readonly exitStatus: number;
  /** Nanoseconds since the epoch. */
  readonly exitedAt: bigint | undefined;
}

/** The running side of containers. A process is named by its container and, if exec made it, by the exec's id. */
export class Tasks {
  readonly #rpc: GrpcService<typeof TasksDefinition>;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(TasksDefinition);
  }

  /**
   * Make the container's namespaces and its first process, not running the command yet. Resolves with the process's PID.
   * `command-not-found` and `command-not-executable` where the runtime checks the command now.
   */
  async create(request: TaskCreateRequest, options?: CallOptions): Promise<number> {
    const { containerId, rootfs = [], checkpoint, options: runtimeOptions, runtimePath } = request;
    try {
      const answer = await this.#rpc.unary(
        'create',
        {
          containerId,
          rootfs: rootfs.map(fromMount),
          ...streams(request),
          ...(runtimePath !== undefined && { runtimePath }),
          ...(runtimeOptions && { options: runtimeOptions }),
          ...(checkpoint && { checkpoint: fromDescriptor(checkpoint) }),
        },
        toGrpc(options),
      );
      return answer.pid;
    } catch (error) {
      throw mapRuntimeError(error);
    }
  }

  /** Run the command of the first process, or of an exec. Resolves with its PID. Errors as `create`. */
  async start(containerId: string, execId = '', options?: CallOptions): Promise<number> {
    try {
      return (await this.#rpc.unary('start', { containerId, execId }, toGrpc(options))).pid;
    } catch (error) {
      throw mapRuntimeError(error);
    }
  }

  /** Add a process to a running container; `start` runs it. */
  async exec(request: TaskExecRequest, options?: CallOptions): Promise<void> {
    const { containerId, execId, process } = request;
    try {
      const spec = packJson(OCI_TYPE.process, process);
      await this.#rpc.unary('exec', { containerId, execId, spec, ...streams(request) }, toGrpc(options));
    } catch (error) {
      throw mapRuntimeError(error);
    }
  }

  /** Take away a task whose first process has ended, and end its shim. */
  async delete(containerId: string, options?: CallOptions): Promise<TaskExitInfo> {
    const answer = await this.#rpc.unary('delete', { containerId }, toGrpc(options));
    return { exitStatus: answer.exitStatus, exitedAt: toNanos(answer.exitedAt) };
  }

  /** Take away an exec that has ended, or never started. */
  async deleteProcess(containerId: string, execId: string, options?: CallOptions): Promise<TaskExitInfo> {
    const answer = await this.#rpc.unary('deleteProcess', { containerId, execId }, toGrpc(options));
    return { exitStatus: answer.exitStatus, exitedAt: toNanos(answer.exitedAt) };
  }

  async get(containerId: string, execId = '', options?: CallOptions): Promise<TaskProcess> {
    const answer = await this.#rpc.unary('get', { containerId, execId }, toGrpcRead(options));
    return toProcess(present(answer.process, 'process'), containerId);
  }

  async list(options?: CallOptions): Promise<TaskProcess[]> {
    const answer = await this.#rpc.unary('list', {}, toGrpcRead(options));
    return answer.tasks.map((process) => toProcess(process, process.id));
  }

  /** Send a signal by its number, to one process or to all of the container's. `not-found` when it has ended. */
  async kill(
    containerId: string,
    signal: number,
    target: { readonly execId?: string | undefined; readonly all?: boolean | undefined } = {},
    options?: CallOptions,
  ): Promise<void> {
    const { execId = '', all = false } = target;
    await this.#rpc.unary('kill', { containerId, execId, signal, all }, toGrpc(options));
  }

  async pause(containerId: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('pause', { containerId }, toGrpc(options));
  }

  async resume(containerId: string, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('resume', { containerId }, toGrpc(options));
  }

  /** Set a terminal's size in characters. */
  async resizePty(
    containerId: string,
    execId: string,
    size: { readonly width: number; readonly height: number },
    options?: CallOptions,
  ): Promise<void> {
    await this.#rpc.unary('resizePty', { containerId, execId, ...size }, toGrpc(options));
  }

  /** Tell the process that its standard input has ended. */
  async closeStdin(containerId: string, execId = '', options?: CallOptions): Promise<void> {
    await this.#rpc.unary('closeIO', { containerId, execId, stdin: true }, toGrpc(options));
  }

  /** The processes in the container, by host PID; `execId` where exec made it. */
  async pids(containerId: string, options?: CallOptions): Promise<{ pid: number; execId?: string }[]> {
    const answer = await this.#rpc.unary('listPids', { containerId }, toGrpcRead(options));
    return answer.processes.map(({ pid, info }) => {
      const isDetails = info && typeName(info).endsWith('.ProcessDetails');
      const execId = isDetails ? ProcessDetails.decode(info.value).execId : '';
      return execId === '' ? { pid } : { pid, execId };
    });
  }

  /** Change the resources of a running container: an OCI `linux.resources` object. */
  async update(containerId: string, resources: object, options?: CallOptions): Promise<void> {
    const request = { containerId, resources: packJson(OCI_TYPE.linuxResources, resources) };
    await this.#rpc.unary('update', request, toGrpc(options));
  }

  /** Resource use of the given containers, or of all. One that ended meanwhile is left out. */
  async metrics(containerIds: readonly string[] = [], options?: CallOptions): Promise<TaskMetric[]> {
    const filters = containerIds.map((id) => `id==${filterValue(id)}`);
    const answer = await this.#rpc.unary('metrics', { filters }, toGrpcRead(options));
    return answer.metrics.map(decodeMetric);
  }

  /** Resolves when the process has ended; at once if it had. Put no deadline on it. */
  async wait(containerId: string, execId = '', options?: CallOptions): Promise<TaskExitInfo> {
    const answer = await this.#rpc.unary('wait', { containerId, execId }, toGrpcRead(options));
    return { exitStatus: answer.exitStatus, exitedAt: toNanos(answer.exitedAt) };
  }

  /** Write the container's state into the content store with CRIU. */
  async checkpoint(containerId: string, runtimeOptions?: Any, options?: CallOptions): Promise<Descriptor[]> {
    const request = { containerId, ...(runtimeOptions && { options: runtimeOptions }) };
    const answer = await this.#rpc.unary('checkpoint', request, toGrpc(options));
    return answer.descriptors.map(toDescriptor);
  }
}

function streams(io: ProcessIo): { stdin: string; stdout: string; stderr: string; terminal: boolean } {
  const { stdin = '', stdout = '', stderr = '', terminal = false } = io;
  return { stdin, stdout, stderr, terminal };
}

function toProcess(process: ProtoProcess, containerId: string): TaskProcess {
  return {
    containerId: process.containerId || containerId,
    id: process.id,
    pid: process.pid,
    status: STATUS[process.status] ?? 'unknown',
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    terminal: process.terminal,
    exitStatus: process.exitStatus,
    exitedAt: toNanos(process.exitedAt),
  };
}
