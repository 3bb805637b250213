import { demultiplex, type HijackedStream } from '@pouch/client';
import type { Context } from '../app/context.ts';
import { DetachWatch } from './detach-keys.ts';
import { rawTerminal, stdinIsTerminal } from './terminal.ts';

export interface SessionOptions {
  /** Send our standard input. */
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The process has a terminal: its output is not framed. */
  readonly tty: boolean;
  /** Detach on these bytes, where our own input is a terminal. */
  readonly detachKeys: Uint8Array;
}

export type SessionEnd = 'finished' | 'detached';

/**
 * Our standard streams joined with those of a process. Made once the connection is taken over, so that
 * nothing is lost. Dispose of it to put the terminal back.
 */
export class Session implements Disposable {
  readonly #context: Context;
  readonly #stream: HijackedStream;
  readonly #options: SessionOptions;
  readonly #end: PromiseWithResolvers<SessionEnd> = Promise.withResolvers();
  #terminal: Disposable | undefined;
  #pumping = false;

  constructor(context: Context, stream: HijackedStream, options: SessionOptions) {
    this.#context = context;
    this.#stream = stream;
    this.#options = options;
    this.#end.promise.catch(() => {});
    if (options.stdin && options.tty) this.#terminal = rawTerminal();
    if (options.stdin) this.#pumpInput();
    else stream.endWrite();
    if (options.stdout || options.stderr) this.#follow(this.#pumpOutput());
  }

  /** Resolves when the process's output has ended and is printed, or the user has detached. */
  get ended(): Promise<SessionEnd> {
    return this.#end.promise;
  }

  [Symbol.dispose](): void {
    this.#terminal?.[Symbol.dispose]();
    if (this.#pumping) process.stdin.pause();
    this.#stream.destroy();
  }

  #follow(work: Promise<void>): void {
    work.then(
      () => this.#end.resolve('finished'),
      (error: unknown) => this.#end.reject(error),
    );
  }

  async #pumpOutput(): Promise<void> {
    const { stdout, stderr } = this.#context;
    if (this.#options.tty) {
      for await (const chunk of this.#stream.output) await stdout.stream(chunk);
      return;
    }
    await demultiplex(this.#stream.output, (stream, data) => (stream === 'stderr' ? stderr : stdout).stream(data));
  }

  #pumpInput(): void {
    const watch = new DetachWatch(
      this.#options.tty && stdinIsTerminal() ? this.#options.detachKeys : new Uint8Array(0),
    );
    const input = process.stdin;
    this.#pumping = true;
    const onlyInput = !this.#options.stdout && !this.#options.stderr;
    input.on('data', (chunk: Buffer) => {
      const { data, detached } = watch.feed(chunk);
      if (detached) {
        this.#end.resolve('detached');
        return;
      }
      if (data.length === 0) return;
      input.pause();
      this.#stream.write(data).then(
        () => input.resume(),
        () => {},
      );
    });
    const finished = (): void => {
      this.#stream.endWrite();
      if (onlyInput) this.#end.resolve('finished');
    };
    input.once('end', finished);
    input.once('error', finished);
  }
}
