import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ExecResult } from './exec.ts';
import { PouchError } from './errors.ts';
import { shellWord } from './shell-word.ts';

type Shell = ChildProcessByStdio<Writable, Readable, null>;

interface Job {
  readonly words: readonly string[];
  readonly settle: (result: ExecResult) => void;
  readonly fail: (error: unknown) => void;
}

const TIMEOUT = 30_000;

/**
 * Runs small programs through one shell that stays: a large process takes some milliseconds, on its own thread, to fork;
 * the shell takes none of ours. For short-lived helpers that cannot hang (umount of our own, mkfifo, unshare); one after
 * the other. Their two outputs come joined in `stdout`.
 */
export class ProcessServer implements Disposable {
  readonly #jobs: Job[] = [];
  #shell: Shell | undefined;
  #answer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  /** Throws `internal` with what the program printed when it fails, unless `allowFailure`. */
  async run(
    command: string,
    args: readonly string[],
    options: { readonly input?: string; readonly allowFailure?: boolean } = {},
  ): Promise<ExecResult> {
    const line = commandLine([command, ...args], options.input);
    const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
    const words = [command, ...args];
    this.#jobs.push({ words, settle: resolve, fail: reject });
    const shell = this.#shell ?? this.#start();
    shell.stdin.write(line);
    hold(shell, true);
    this.#timer ??= setTimeout(
      () => this.#end(`${this.#jobs[0]?.words[0]} did not finish within ${TIMEOUT} ms`),
      TIMEOUT,
    );
    const result = await promise;
    if (result.code !== 0 && !options.allowFailure) {
      const said = result.stdout.trim() || 'it printed nothing';
      throw new PouchError('internal', `${words.join(' ')} failed with exit code ${result.code}: ${said}`);
    }
    return result;
  }

  #start(): Shell {
    const shell = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } });
    this.#shell = shell;
    this.#answer = Buffer.alloc(0);
    shell.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    shell.stdin.on('error', () => {});
    const ended = (): void => {
      if (this.#shell === shell) this.#end('the shell that runs helpers ended');
    };
    shell.once('error', ended);
    shell.once('exit', ended);
    return shell;
  }

  #take(chunk: Buffer): void {
    this.#answer = Buffer.concat([this.#answer, chunk]);
    for (;;) {
      const end = this.#answer.indexOf(10);
      if (end < 0) return;
      const [code = 1, length = 0] = this.#answer.toString('utf8', 0, end).split(' ').map(Number);
      if (this.#answer.length < end + 1 + length) return;
      const stdout = this.#answer.toString('utf8', end + 1, end + 1 + length);
      this.#answer = this.#answer.subarray(end + 1 + length);
      this.#jobs.shift()?.settle({ code, stdout, stderr: '' });
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (this.#jobs.length > 0) this.#timer = setTimeout(() => this.#end('a helper program hangs'), TIMEOUT);
      else if (this.#shell) hold(this.#shell, false);
    }
  }

  #end(why: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const shell = this.#shell;
    this.#shell = undefined;
    shell?.kill('SIGKILL');
    for (const job of this.#jobs.splice(0)) job.fail(new PouchError('internal', `${job.words.join(' ')}: ${why}`));
  }

  [Symbol.dispose](): void {
    this.#end('it was stopped');
  }
}

/** Whether the shell and its pipes keep this process alive: only while somebody waits for an answer. */
function hold(shell: Shell, held: boolean): void {
  for (const handle of [shell, shell.stdin, shell.stdout]) {
    if (held && 'ref' in handle && typeof handle.ref === 'function') handle.ref();
    else if (!held && 'unref' in handle && typeof handle.unref === 'function') handle.unref();
  }
}

/** Runs the program and prints its exit code, the length of its output, and the output. */
function commandLine(words: readonly string[], input: string | undefined): string {
  const program = words.map(shellWord).join(' ');
  const run = input === undefined ? `${program} </dev/null` : `printf %s ${shellWord(input)} | ${program}`;
  return `out=$(${run} 2>&1); code=$?; printf '%s %s\\n%s' "$code" "\${#out}" "$out"\n`;
}

/** One for the whole process, started when it is first needed. */
export const helpers = new ProcessServer();
