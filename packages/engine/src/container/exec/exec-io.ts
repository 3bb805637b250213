import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ProcessIo } from '@pouch/containerd';
import type { OutputChunk, StreamName } from '../container-service.ts';
import { openFifoReader } from '../stdio/fifo.ts';
import { StdinPipe } from '../stdio/stdin-pipe.ts';

export interface ExecStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly terminal: boolean;
}

/**
 * The streams of one exec process: FIFOs between the shim and us, read no faster than the client takes them, so a
 * client that stalls holds its own process back.
 */
export class ExecIo implements AsyncDisposable {
  readonly #directory: string;
  readonly #streams: ExecStreams;
  readonly stdin: StdinPipe;
  readonly #readers = new Map<StreamName, Socket>();

  /** `directory` holds the FIFOs `stdin`, `stdout` and `stderr`, and is ours from here on. */
  constructor(directory: string, streams: ExecStreams) {
    this.#directory = directory;
    this.#streams = streams;
    this.stdin = new StdinPipe(join(directory, 'stdin'));
  }

  /** Open our ends; what the shim is to be given. */
  open(): ProcessIo {
    const { stdin, stdout, stderr, terminal } = this.#streams;
    const wanted: StreamName[] = [];
    if (stdout || terminal) wanted.push('stdout');
    if (stderr && !terminal) wanted.push('stderr');
    for (const stream of wanted) this.#readers.set(stream, openFifoReader(join(this.#directory, stream)));
    if (stdin) this.stdin.adopt();
    return {
      terminal,
      ...(stdin && { stdin: this.stdin.path }),
      ...(wanted.includes('stdout') && { stdout: join(this.#directory, 'stdout') }),
      ...(wanted.includes('stderr') && { stderr: join(this.#directory, 'stderr') }),
    };
  }

  /** Both streams as they come, until the shim has closed both, or the signal aborts. */
  async *output(signal: AbortSignal): AsyncGenerator<OutputChunk, void, undefined> {
    const queue: OutputChunk[] = [];
    let wake = Promise.withResolvers<void>();
    let open = this.#readers.size;
    const onAbort = (): void => wake.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    const undo: (() => void)[] = [() => signal.removeEventListener('abort', onAbort)];
    for (const [stream, socket] of this.#readers) {
      if (socket.destroyed) open -= 1;
      const take = (data: Buffer): void => {
        queue.push({ stream, data });
        socket.pause();
        wake.resolve();
      };
      const close = (): void => {
        open -= 1;
        wake.resolve();
      };
      socket.on('data', take);
      socket.once('close', close);
      socket.on('error', () => {});
      undo.push(() => socket.off('data', take).off('close', close));
      socket.resume();
    }
    try {
      while (!signal.aborted) {
        for (let chunk = queue.shift(); chunk; chunk = queue.shift()) {
          yield chunk;
          this.#readers.get(chunk.stream)?.resume();
        }
        if (open === 0) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      // Another reader may follow, to which a listener left behind would be a queue that only grows.
      for (const step of undo) step();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#readers.values()) socket.destroy();
    this.stdin[Symbol.dispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
