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
    for (const stream of wanted)
      this.#readers.set(
        stream,
        openFifoReader(join(this.#directory, stream)).on('error', () => {}),
      );
    if (stdin) this.stdin.adopt();
    const any = stdin || wanted.length > 0;
    const path = (stream: StreamName): string =>
      wanted.includes(stream) ? join(this.#directory, stream) : '/dev/null';
    return {
      terminal,
      ...(stdin && { stdin: this.stdin.path }),
      // The shim takes none at all, or both; with a terminal there is but one.
      ...(any && { stdout: path('stdout'), ...(!terminal && { stderr: path('stderr') }) }),
    };
  }

  /** Both streams as they come, until the shim has closed both, or the signal aborts. */
  async *output(signal: AbortSignal): AsyncGenerator<OutputChunk, void, undefined> {
    const queue: OutputChunk[] = [];
    let wake = Promise.withResolvers<void>();
    const onChange = (): void => wake.resolve();
    signal.addEventListener('abort', onChange, { once: true });
    for (const [stream, socket] of this.#readers) {
      socket.on('data', (data: Buffer) => {
        queue.push({ stream, data });
        socket.pause();
        wake.resolve();
      });
      socket.once('close', onChange);
    }
    try {
      while (!signal.aborted) {
        for (let chunk = queue.shift(); chunk; chunk = queue.shift()) {
          yield chunk;
          this.#readers.get(chunk.stream)?.resume();
        }
        // An empty stream may have closed before anybody asked for its output: its state counts, not the event.
        if ([...this.#readers.values()].every((socket) => socket.closed)) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      signal.removeEventListener('abort', onChange);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#readers.values()) socket.destroy();
    this.stdin[Symbol.dispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
