import type { ExecCreateRequest, ExecInspect } from '@pouch/api';
import { background, isErrorCode, type Logger, newId, PouchError } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import type { EventBus } from '../../events/event-bus.ts';
import type { Container } from '../container.ts';
import type { AttachSession, OutputChunk } from '../container-service.ts';
import { publishContainerEvent } from '../lifecycle/container-events.ts';
import { execError } from '../lifecycle/start-error.ts';
import { requireLive } from '../require-live.ts';
import { parseDetachKeys } from '../stdio/detach-keys.ts';
import type { FifoPool } from '../stdio/fifo-pool.ts';
import { ProcessSession } from '../stdio/process-session.ts';
import { ExecIo } from './exec-io.ts';

/** Ended execs that can still be inspected, of all containers. */
const KEPT = 1000;
/** Milliseconds after its container's end in which the exit of an exec may still be told. */
const UNTOLD_AFTER = 2000;
/** Milliseconds for which execs of a container that has gone can be inspected: one of them may have been its end. */
const KEPT_AFTER_CONTAINER = 10_000;

/** What an exec is said to have ended with whose end nobody saw, as for containers. */
const LOST = 255;

export interface ExecProcess {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecCreateRequest & { readonly Cmd: string[] };
  status: 'created' | 'running' | 'ended';
  pid: number;
  exitCode: number | undefined;
  /** Until containerd has answered the start: it looks for the process once more before it does. */
  starting: Promise<unknown> | undefined;
  readonly ended: PromiseWithResolvers<number>;
}

export interface ExecDependencies {
  readonly containerd: ContainerdClient;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly fifos: FifoPool;
  /** The OCI `process` for a request in a container. */
  readonly buildProcess: (container: Container, request: ExecProcess['request'], tty: boolean) => Promise<object>;
}

/** Further processes in running containers. */
export class ExecManager {
  readonly #execs = new Map<string, ExecProcess>();
  /** Containers whose going is waited for. */
  readonly #watched = new WeakSet<Container>();
  readonly #dependencies: ExecDependencies;

  constructor(dependencies: ExecDependencies) {
    this.#dependencies = dependencies;
  }

  /** What is wrong with a request is told here: a client that starts an exec expects a stream. */
  async create(container: Container, request: ExecCreateRequest): Promise<string> {
    requireRunning(container);
    const command = request.Cmd ?? [];
    if (command.length === 0 || command[0] === '')
      throw new PouchError('invalid-argument', 'No exec command specified');
    if (request.DetachKeys) checkDetachKeys(request.DetachKeys);
    if (request.User) await this.#dependencies.buildProcess(container, { ...request, Cmd: [...command] }, false);
    const exec: ExecProcess = {
      id: newId(),
      container,
      request: { ...request, Cmd: [...command] },
      status: 'created',
      pid: 0,
      exitCode: undefined,
      starting: undefined,
      ended: Promise.withResolvers<number>(),
    };
    this.#execs.set(exec.id, exec);
    container.execIds.add(exec.id);
    this.#forgetOldest();
    this.#forgetWith(container);
    publishContainerEvent(this.#dependencies.events, container, `exec_create: ${command.join(' ')}`, {
      execID: exec.id,
    });
    return exec.id;
  }

  #forgetOldest(): void {
    if (this.#execs.size <= KEPT) return;
    for (const exec of this.#execs.values()) {
      if (exec.status !== 'running') {
        this.#drop(exec);
        return;
      }
    }
  }

  /** An exec holds its container, with all that it has in memory. */
  #forgetWith(container: Container): void {
    if (this.#watched.has(container)) return;
    this.#watched.add(container);
    const forget = (): void => {
      for (const exec of this.#execs.values()) if (exec.container === container) this.#drop(exec);
    };
    container.onGone(() => setTimeout(forget, KEPT_AFTER_CONTAINER).unref());
  }

  #drop(exec: ExecProcess): void {
    this.#execs.delete(exec.id);
    exec.container.execIds.delete(exec.id);
  }

  get(id: string): ExecProcess {
    const exec = this.#execs.get(id) ?? this.#byPrefix(id);
    if (!exec) throw new PouchError('not-found', `No such exec instance: ${id}`);
    return exec;
  }

  #byPrefix(prefix: string): ExecProcess | undefined {
    if (prefix.length < 4) return undefined;
    const matches = [...this.#execs.values()].filter((exec) => exec.id.startsWith(prefix));
    return matches.length === 1 ? matches[0] : undefined;
  }

  /** Throws `not-found` and `conflict` for one that cannot be started. */
  startsWithTty(id: string, tty: boolean): boolean {
    const exec = this.get(id);
    if (exec.status === 'running') throw new PouchError('conflict', `exec command ${id} is already running`);
    if (exec.status === 'ended') throw new PouchError('conflict', `exec command ${id} has already run`);
    requireRunning(exec.container);
    return exec.request.Tty ?? tty;
  }

  async start(
    id: string,
    options: {
      detach: boolean;
      tty: boolean;
      consoleSize?: readonly [height: number, width: number];
      /** No keys detach: every byte is the process's. */
      undetachable?: boolean;
    },
  ): Promise<AttachSession | undefined> {
    const tty = this.startsWithTty(id, options.tty);
    const exec = this.get(id);
    const { request } = exec;
    exec.status = 'running';
    const io = new ExecIo(await this.#dependencies.fifos.take(), {
      stdin: !options.detach && request.AttachStdin === true,
      stdout: !options.detach && request.AttachStdout === true,
      stderr: !options.detach && request.AttachStderr === true,
      terminal: tty,
    });
    try {
      await this.#run(exec, io, tty, options.consoleSize ?? request.ConsoleSize);
    } catch (reason) {
      const error = execError(reason, request.Cmd[0] ?? '');
      await this.#failed(exec, io, error);
      throw error;
    }
    return this.#attach(exec, io, tty, options);
  }

  async #run(exec: ExecProcess, io: ExecIo, tty: boolean, size: readonly [number, number] | undefined): Promise<void> {
    const { containerd, events, buildProcess } = this.#dependencies;
    const { container } = exec;
    // Part of the process, so that the first thing it asks is answered right; the runtimes that ignore it are told again.
    const request = { ...exec.request, ...(size && { ConsoleSize: [size[0], size[1]] as [number, number] }) };
    const process = await buildProcess(container, request, tty);
    await container.pauseGate.add(async () => {
      requireRunning(container);
      await containerd.tasks.exec({ containerId: container.id, execId: exec.id, process, ...io.open() });
      publishContainerEvent(events, container, `exec_start: ${exec.request.Cmd.join(' ')}`, { execID: exec.id });
      const started = containerd.tasks.start(container.id, exec.id);
      exec.starting = started.catch(() => {});
      exec.pid = await started;
    });
    if (tty && size && size[0] > 0 && size[1] > 0) {
      // A command that is quick has ended by now.
      await this.resize(exec.id, { height: size[0], width: size[1] }).catch(() => {});
    }
  }

  async #failed(exec: ExecProcess, io: ExecIo, error: unknown): Promise<void> {
    exec.exitCode = isErrorCode(error, 'command-not-found') ? 127 : 126;
    exec.status = 'ended';
    exec.container.execIds.delete(exec.id);
    exec.ended.resolve(exec.exitCode);
    await io[Symbol.asyncDispose]();
    await this.#dependencies.containerd.tasks.deleteProcess(exec.container.id, exec.id).catch(() => {});
  }

  #attach(
    exec: ExecProcess,
    io: ExecIo,
    tty: boolean,
    { detach, undetachable = false }: { detach: boolean; undetachable?: boolean },
  ): AttachSession | undefined {
    const { containerd, logger, events } = this.#dependencies;
    const { container } = exec;
    if (detach) {
      const done = exec.ended.promise.then(async () => await io[Symbol.asyncDispose]());
      background(done, (error) => logger.warn('the streams of an exec stay', { exec: exec.id, error }));
      return undefined;
    }
    return new ProcessSession({
      tty,
      stdin: exec.request.AttachStdin ? io.stdin : undefined,
      detachKeys: undetachable ? false : exec.request.DetachKeys,
      output: (signal) => outputUntilExit(exec, io, signal),
      endInput: async () => {
        io.stdin[Symbol.dispose]();
        await containerd.tasks.closeStdin(container.id, exec.id).catch(() => {});
      },
      onDetach: () => publishContainerEvent(events, container, 'exec_detach', { execID: exec.id }),
      onClose: async () => {
        // The process may go on without its client: its output is drained so that it is never held up.
        if (exec.status === 'running') drain(io);
        else await io[Symbol.asyncDispose]();
        const done = exec.ended.promise.then(async () => await io[Symbol.asyncDispose]());
        background(done, (error) => logger.warn('the streams of an exec stay', { exec: exec.id, error }));
      },
    });
  }

  /** Told by containerd's events. An exec of a former daemon is only cleared away. */
  exited(containerId: string, execId: string, exitCode: number): void {
    const { events } = this.#dependencies;
    const exec = this.#execs.get(execId);
    const clear = this.#clear(containerId, execId, exec?.starting);
    if (!exec || exec.status === 'ended') return;
    // Known from now on, should the whole container end meanwhile.
    exec.exitCode = exitCode;
    background(
      clear.then(() => {
        if (exec.status === 'ended') return;
        exec.status = 'ended';
        exec.pid = 0;
        exec.container.execIds.delete(execId);
        exec.ended.resolve(exitCode);
        publishContainerEvent(events, exec.container, 'exec_die', { execID: execId, exitCode: String(exitCode) });
      }),
      () => {},
    );
  }

  /** Takes an ended process out of its shim, but not from under a start that is not answered yet. */
  async #clear(containerId: string, execId: string, starting: Promise<unknown> | undefined): Promise<void> {
    const { containerd, logger } = this.#dependencies;
    await starting;
    try {
      await containerd.tasks.deleteProcess(containerId, execId, { retryUnavailable: true });
    } catch (error) {
      if (!isErrorCode(error, 'not-found')) logger.debug('an ended exec stays in its shim', { exec: execId, error });
    }
  }

  /** Look for ends that events did not tell of, after containerd was away. */
  async catchUp(): Promise<void> {
    const { tasks } = this.#dependencies.containerd;
    for (const exec of this.#execs.values()) {
      // Without a process id its start is still under way, and meets its end itself.
      if (exec.status !== 'running' || exec.pid === 0) continue;
      const { container, id } = exec;
      try {
        const process = await tasks.get(container.id, id);
        if (process.status === 'stopped') this.exited(container.id, id, process.exitStatus);
      } catch (error) {
        if (!isErrorCode(error, 'not-found')) throw error;
        this.exited(container.id, id, LOST);
      }
    }
  }

  /**
   * The container's run has ended, and its execs with it: their own exits may be told a moment later, and their clients
   * still ask for the exit codes.
   */
  containerStopped(container: Container): void {
    for (const id of container.execIds) {
      const exec = this.#execs.get(id);
      if (exec?.status === 'running') setTimeout(() => this.#endUntold(exec), UNTOLD_AFTER).unref();
    }
    container.execIds.clear();
  }

  #endUntold(exec: ExecProcess): void {
    if (exec.status !== 'running') return;
    exec.status = 'ended';
    exec.pid = 0;
    exec.exitCode ??= 137;
    exec.ended.resolve(exec.exitCode);
  }

  /** Send it a signal; SIGKILL ends it at once, and its exit follows. */
  async kill(id: string, signal = 9): Promise<void> {
    const exec = this.get(id);
    if (exec.status !== 'running') return;
    await this.#dependencies.containerd.tasks.kill(exec.container.id, signal, { execId: id }).catch(() => {});
  }

  async resize(id: string, size: { height: number; width: number }): Promise<void> {
    const exec = this.get(id);
    if (exec.status !== 'running') throw new PouchError('conflict', `cannot resize a stopped exec: ${id}`);
    await this.#dependencies.containerd.tasks.resizePty(exec.container.id, id, size);
  }

  inspect(id: string): ExecInspect {
    const exec = this.get(id);
    const { request, container } = exec;
    const [entrypoint = '', ...rest] = request.Cmd;
    return {
      ID: exec.id,
      Running: exec.status === 'running',
      ExitCode: exec.status === 'ended' ? (exec.exitCode ?? null) : null,
      ProcessConfig: {
        tty: request.Tty ?? false,
        entrypoint,
        arguments: rest,
        privileged: request.Privileged ?? false,
        ...(request.User !== undefined && { user: request.User }),
      },
      OpenStdin: request.AttachStdin ?? false,
      OpenStderr: request.AttachStderr ?? false,
      OpenStdout: request.AttachStdout ?? false,
      CanRemove: false,
      ContainerID: container.id,
      DetachKeys: Buffer.from(request.DetachKeys ?? '').toString('base64'),
      Pid: exec.pid,
    };
  }
}

function checkDetachKeys(keys: string): void {
  try {
    parseDetachKeys(keys);
  } catch (cause) {
    throw new PouchError('invalid-argument', `Invalid escape keys (${keys}) provided`, { cause });
  }
}

function requireRunning(container: Container): void {
  if (container.status === 'paused') {
    throw new PouchError('conflict', `Container ${container.record.name} is paused, unpause the container before exec`);
  }
  requireLive(container);
}

/** The stream ends when the exit code is known: whoever saw its end can ask for the code. */
async function* outputUntilExit(
  exec: ExecProcess,
  io: ExecIo,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  yield* io.output(signal);
  const { promise, resolve } = Promise.withResolvers<void>();
  const give = (): void => resolve();
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  await Promise.race([exec.ended.promise, promise]);
  signal.removeEventListener('abort', give);
}

function drain(io: ExecIo): void {
  void (async () => {
    for await (const _ of io.output(new AbortController().signal)) {
      // Nobody listens any more.
    }
  })().catch(() => {});
}
