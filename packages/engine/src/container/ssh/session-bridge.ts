import type { Socket } from 'node:net';
import { background, drained, errorMessage, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import type { AttachSession } from '../container-service.ts';
import { parseSignal } from '../create/index.ts';
import type { ExecManager } from '../exec/exec-manager.ts';
import { FRAME, type Frame, FrameReader, frame, type SessionRequest } from './wire.ts';

export interface BridgeDependencies {
  readonly execs: ExecManager;
  readonly find: (id: string) => Container;
  /** The user's shell and home in the container. Throws invalid-argument for an unknown one. */
  readonly login: (container: Container, user: string) => Promise<{ readonly shell: string; readonly home: string }>;
  readonly sftpCommand: (container: Container) => Promise<readonly string[]>;
}

/** One session of the SSH process's: an exec in the container, its streams on the connection. */
export class SessionBridge {
  readonly #socket: Socket;
  readonly #dependencies: BridgeDependencies;
  readonly #reader = new FrameReader();
  #exec: { readonly id: string; readonly session: AttachSession } | undefined;
  #input: Promise<void> = Promise.resolve();

  constructor(socket: Socket, dependencies: BridgeDependencies) {
    this.#socket = socket;
    this.#dependencies = dependencies;
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const each of this.#reader.push(chunk)) this.#take(each);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => background(this.#leave(), () => {}));
  }

  #take({ kind, data }: Frame): void {
    // In the order they came; a process that does not read holds its client back.
    this.#socket.pause();
    this.#input = this.#input
      .then(async () => await this.#act(kind, Buffer.from(data)))
      .catch((error: unknown) => {
        if (!this.#exec) this.#socket.end(frame(FRAME.failed, errorMessage(error)));
      })
      .finally(() => this.#socket.resume());
  }

  async #act(kind: number, data: Buffer): Promise<void> {
    const { execs } = this.#dependencies;
    if (kind === FRAME.open) return await this.#open(JSON.parse(data.toString('utf8')) as SessionRequest);
    if (!this.#exec) return;
    if (kind === FRAME.input) await this.#exec.session.write(data);
    // Closing a terminal's input would hang it up, while its program may have more to say.
    else if (kind === FRAME.inputEnd && !this.#exec.session.tty) await this.#exec.session.endInput();
    else if (kind === FRAME.signal) await execs.kill(this.#exec.id, parseSignal(data.toString('latin1')));
    else if (kind === FRAME.resize) {
      await execs.resize(this.#exec.id, JSON.parse(data.toString('utf8')) as { height: number; width: number });
    }
  }

  async #open(request: SessionRequest): Promise<void> {
    const { execs, find, login, sftpCommand } = this.#dependencies;
    const container = find(request.container);
    const { shell, home } = await login(container, request.user);
    const { pty } = request;
    const command = request.subsystem ? await sftpCommand(container) : shellCommand(shell, request.command);
    const id = await execs.create(container, {
      Cmd: [...command],
      User: request.user,
      WorkingDir: home,
      Tty: pty !== undefined,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Env: [
        ...request.env,
        `HOME=${home}`,
        `SHELL=${shell}`,
        `USER=${request.user}`,
        `LOGNAME=${request.user}`,
        ...(pty ? [`TERM=${pty.term}`] : []),
      ],
    });
    const session = await execs.start(id, {
      detach: false,
      tty: pty !== undefined,
      undetachable: true,
      ...(pty && { consoleSize: [pty.height, pty.width] as const }),
    });
    if (!session) throw new PouchError('internal', 'an exec without its streams');
    this.#exec = { id, session };
    if (this.#socket.destroyed) return await this.#leave();
    background(this.#output(id, session), () => this.#socket.destroy());
  }

  async #output(id: string, session: AttachSession): Promise<void> {
    for await (const { stream, data } of session.output) {
      if (this.#socket.destroyed) return;
      if (!this.#socket.write(frame(stream === 'stderr' ? FRAME.stderr : FRAME.stdout, data)))
        await drained(this.#socket);
    }
    const code = await this.#dependencies.execs.get(id).ended.promise;
    this.#socket.end(frame(FRAME.exit, Uint8Array.of(code & 255)));
    await session[Symbol.asyncDispose]();
  }

  /** The client has gone: what it started is told so, as a terminal that is closed does. */
  async #leave(): Promise<void> {
    if (!this.#exec) return;
    const { id, session } = this.#exec;
    await this.#dependencies.execs.kill(id, 1);
    await session[Symbol.asyncDispose]();
  }
}

function shellCommand(shell: string, command: string | undefined): string[] {
  // A login shell is told by its name; not every exec can give another name, and -l says the same.
  return command === undefined ? [shell, '-l'] : [shell, '-c', command];
}
