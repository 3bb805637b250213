import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { errorMessage, PouchError } from '@pouch/base';

interface Request {
  readonly commands: readonly string[];
  /** Number of the first command's line as this process counts them. */
  readonly firstLine: number;
  readonly resolve: (failures: Map<number, string>) => void;
  readonly reject: (error: unknown) => void;
}

/** A harmless command whose answer marks the end of a request. */
const SENTINELS = {
  ip: {
    command: 'link show dev lo',
    answer: /^\d+: lo: .*\n(?: {4}.*\n)*?(?: {4}link\/loopback .*\n)/m,
  },
  // What a queue of the loopback device prints differs; that there is no such command does not.
  tc: { command: 'qdisc end-of-request', answer: /^Command "end-of-request" is unknown.*\nCommand failed -:\d+\n/m },
} as const;
const IDLE_MS = 30_000;

/**
 * ip(8) or tc(8) as a co-process: `ip -force -batch -` fed line by line, so that a command costs a fraction of a millisecond
 * instead of a process. Standard output and error share one pipe, which keeps them in order; after each request a
 * harmless command marks its end, and a complaint names the line it is about.
 *
 * Some arguments that cannot be parsed end the program: the request under way then fails and the next gets a new process. It keeps the
 * numbers of devices that it has seen: one that was deleted and made anew under the same name is unknown to it while it runs.
 */
export class BatchCommander implements AsyncDisposable {
  readonly #program: keyof typeof SENTINELS;
  #child: ChildProcessWithoutNullStreams | undefined;
  #line = 0;
  #output = '';
  #queue: Request[] = [];
  #idle: NodeJS.Timeout | undefined;
  #disposed = false;
  readonly #netns: string | undefined;

  /** Works in the caller's network namespace, or in the one bound at `netns`. */
  constructor(program: keyof typeof SENTINELS, options: { readonly netns?: string } = {}) {
    this.#program = program;
    this.#netns = options.netns;
  }

  /**
   * Run commands in order (each a line of a batch). All are tried; throws `internal` naming each that failed unless
   * `tolerate` matches what iproute2 said of it.
   */
  async run(commands: readonly string[], tolerate?: RegExp): Promise<void> {
    const failures = await this.tryRun(commands);
    const bad = [...failures].filter(([, said]) => !tolerate?.test(said));
    if (bad.length === 0) return;
    const text = bad.map(([index, said]) => `${this.#program} ${commands[index] ?? ''}: ${said}`).join('; ');
    throw new PouchError('internal', text);
  }

  /** As `run`, but returns what failed: index of the command → what iproute2 said. */
  async tryRun(commands: readonly string[]): Promise<Map<number, string>> {
    if (commands.length === 0) return new Map();
    if (this.#disposed) throw new PouchError('unavailable', 'The network is shutting down.');
    const wrong = commands.find((command) => command === '' || /[\n\0#\\]/.test(command));
    if (wrong !== undefined)
      throw new PouchError('internal', `Not a command of ${this.#program}: ${JSON.stringify(wrong)}`);
    return await new Promise((resolve, reject) => {
      const child = this.#start();
      this.#queue.push({ commands, firstLine: this.#line + 1, resolve, reject });
      this.#line += commands.length + 1;
      child.stdin.write(`${[...commands, SENTINELS[this.#program].command].join('\n')}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#idle);
    const child = this.#child;
    if (!child) return;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdin.end();
    await closed;
  }

  #start(): ChildProcessWithoutNullStreams {
    clearTimeout(this.#idle);
    if (this.#child) return this.#child;
    const enter = this.#netns === undefined ? '' : 'nsenter "--net=$0" ';
    const script = `exec ${enter}${this.#program} -force -batch - 2>&1`;
    const child = spawn('sh', ['-c', script, this.#netns ?? this.#program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#line = 0;
    this.#output = '';
    child.stdin.on('error', () => {});
    child.stderr.resume();
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#read(child, chunk));
    child.once('error', (error) => this.#fail(child, errorMessage(error)));
    child.once('close', () => this.#fail(child, this.#output.trim() || `${this.#program} ended without a word`));
    return child;
  }

  #read(child: ChildProcessWithoutNullStreams, chunk: string): void {
    if (child !== this.#child) return;
    this.#output += chunk;
    for (;;) {
      const match = SENTINELS[this.#program].answer.exec(this.#output);
      const request = this.#queue[0];
      if (!match || !request) break;
      this.#queue.shift();
      const said = this.#output.slice(0, match.index);
      this.#output = this.#output.slice(match.index + match[0].length);
      request.resolve(failuresIn(said, request.firstLine));
    }
    if (this.#queue.length === 0 && !this.#disposed) {
      this.#idle = setTimeout(() => this.#retire(), IDLE_MS);
      this.#idle.unref();
    }
  }

  /** A process that nobody needs is not kept. */
  #retire(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.stdin.end();
  }

  #fail(child: ChildProcessWithoutNullStreams, said: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#output = '';
    const [current, ...rest] = this.#queue;
    this.#queue = [];
    current?.reject(
      new PouchError('internal', `${this.#program} failed: ${said} (in: ${current.commands.join('; ')})`),
    );
    for (const request of rest) this.tryRun(request.commands).then(request.resolve, request.reject);
  }
}

/** Complaints by index of the command. Each one ends with `Command failed -:<line>`. */
function failuresIn(output: string, firstLine: number): Map<number, string> {
  const failures = new Map<number, string>();
  let said: string[] = [];
  for (const line of output.split('\n')) {
    const match = /^Command failed -:(\d+)$/.exec(line);
    if (match) {
      failures.set(Number(match[1]) - firstLine, said.join(' ').replace('RTNETLINK answers: ', '') || 'failed');
      said = [];
    } else if (line.trim() !== '') said.push(line.trim());
  }
  return failures;
}
