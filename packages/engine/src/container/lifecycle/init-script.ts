import { isErrorCode, newId, PouchError, withDeadline } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import type { Container } from '../container.ts';
import { ExecIo } from '../exec/exec-io.ts';
import type { FifoPool } from '../stdio/fifo-pool.ts';

/** Milliseconds that a script may take. */
const PATIENCE = 300_000;
/** Of its output, in an error: the last bytes. */
const MAX_OUTPUT = 4096;

/**
 * Runs a container's InitScript: in the container, as root with the container's own rights, while its first process is made
 * but not started. Its failure is the start's, with its output in the message.
 */
export class InitScriptRunner {
  readonly #containerd: ContainerdClient;
  readonly #fifos: FifoPool;
  readonly #buildProcess: (container: Container, command: string[]) => Promise<object>;

  constructor(dependencies: {
    containerd: ContainerdClient;
    fifos: FifoPool;
    buildProcess: (container: Container, command: string[]) => Promise<object>;
  }) {
    this.#containerd = dependencies.containerd;
    this.#fifos = dependencies.fifos;
    this.#buildProcess = dependencies.buildProcess;
  }

  async run(container: Container): Promise<void> {
    const script = container.record.config.InitScript;
    if (!script) return;
    const { tasks } = this.#containerd;
    // A path alone needs no shell in the image.
    const command = /^\/\S+$/.test(script) ? [script] : ['/bin/sh', '-c', script];
    const process = await this.#buildProcess(container, command);
    const execId = newId();
    await using io = new ExecIo(await this.#fifos.take(), {
      stdin: false,
      stdout: true,
      stderr: true,
      terminal: false,
    });
    try {
      await tasks.exec({ containerId: container.id, execId, process, ...io.open() });
      const stop = new AbortController();
      const output = collect(io, stop.signal);
      // Asked before the start: an exec that has ended is cleared away at once.
      const ended = tasks.wait(container.id, execId);
      ended.catch(() => {});
      // One that is quick may be cleared away before containerd has answered.
      await tasks.start(container.id, execId).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found')) throw error;
      });
      const { exitStatus } = await withDeadline(ended, PATIENCE, `the init script of ${container.record.name}`);
      // What it left running may hold its output open.
      const timer = setTimeout(() => stop.abort(), 500);
      const said = await output;
      clearTimeout(timer);
      if (exitStatus === 0) return;
      throw new PouchError(
        'invalid-argument',
        `the init script failed with exit code ${exitStatus}: ${said.trim() || 'it printed nothing'}`,
      );
    } finally {
      await tasks.deleteProcess(container.id, execId).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found')) return;
      });
    }
  }
}

async function collect(io: ExecIo, signal: AbortSignal): Promise<string> {
  let output = '';
  for await (const { data } of io.output(signal)) {
    output = (output + Buffer.from(data).toString('utf8')).slice(-MAX_OUTPUT);
  }
  return output;
}
