import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { errorMessage, exec, PouchError } from '@pouch/base';

interface Request {
  readonly commands: readonly string[];
  /** Number of the first command's line as this process counts them. */
  readonly firstLine: number;
  readonly resolve: (failures: Map<number, string>) => void;
  readonly reject: (error: unknown) => void;
}

const SENTINEL = 'link show dev lo';
const SENTINEL_ANSWER = /^\d+: lo: .*\n(?: {4}.*\n)*?(?: {4}link\/loopback .*\n)/m;
const IDLE_MS = 30_000;

/**
 * iproute2 as a co-process: `ip -force -batch -` fed line by line, so that a command costs a fraction of a millisecond
 * instead of a process. Standard output and error share one pipe, which keeps them in order; after each request a
 * harmless query marks its end, and a complaint names the line it is about.
 *
 * iproute2 exits on an argument it cannot parse: the request under way then fails and the next gets a new process.
 */
export class IpCommander implements AsyncDisposable {
  #child: ChildProcessWithoutNullStreams | undefined;
  #line = 0;
  #output = '';
  #queue: Request[] = [];
  #idle: NodeJS.Timeout | undefined;
  #disposed = false;
  readonly #netns: string | undefined;

  /** Works in the caller's network namespace, or in the one bound at `netns`. */
  constructor(options: { readonly netns?: string } = {}) {
    this.#netns = options.netns;
  }

  /**
   * Run commands in order (each a line of `ip -batch`). All are tried; throws `internal` naming each that failed unless
   * `tolerate` matches what iproute2 said of it.
   */
  async run(commands: readonly string[], tolerate?: RegExp): Promise<void> {
    const failures = await this.tryRun(commands);
    const bad = [...failures].filter(([, said]) => !tolerate?.test(said));
    if (bad.length === 0) return;
    const text = bad.map(([index, said]) => `ip ${commands[index] ?? ''}: ${said}`).join('; ');
    throw new PouchError('internal', text);
  }

  /** As `run`, but returns what failed: index of the command → what iproute2 said. */
  async tryRun(commands: readonly string[]): Promise<Map<number, string>> {
    if (commands.length === 0) return new Map();
    if (this.#disposed) throw new PouchError('unavailable', 'The network is shutting down.');
    const wrong = commands.find((command) => command === '' || /[\n\0#\\]/.test(command));
    if (wrong !== undefined) throw new PouchError('internal', `Not an ip command: ${JSON.stringify(wrong)}`);
    return await new Promise((resolve, reject) => {
      const child = this.#start();
      this.#queue.push({ commands, firstLine: this.#line + 1, resolve, reject });
      this.#line += commands.length + 1;
      child.stdin.write(`${[...commands, SENTINEL].join('\n')}\n`);
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
    const script = `exec ${enter}ip -force -batch - 2>&1`;
    const child = spawn('sh', ['-c', script, this.#netns ?? 'ip'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#line = 0;
    this.#output = '';
    child.stdin.on('error', () => {});
    child.stderr.resume();
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#read(child, chunk));
    child.once('error', (error) => this.#fail(child, errorMessage(error)));
    child.once('close', () => this.#fail(child, this.#output.trim() || 'ip ended without a word'));
    return child;
  }

  #read(child: ChildProcessWithoutNullStreams, chunk: string): void {
    if (child !== this.#child) return;
    this.#output += chunk;
    for (;;) {
      const match = SENTINEL_ANSWER.exec(this.#output);
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
    current?.reject(new PouchError('internal', `ip failed: ${said} (in: ${current.commands.join('; ')})`));
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

/** A link as `ip -json -details link` shows it. */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address: string;
  readonly kind: string | undefined;
  readonly master: string | undefined;
  readonly alias: string | undefined;
  readonly isUp: boolean;
  readonly mtu: number;
}

interface RawLink {
  ifindex?: number;
  ifname?: string;
  address?: string;
  master?: string;
  ifalias?: string;
  flags?: string[];
  mtu?: number;
  linkinfo?: { info_kind?: string };
}

/** All links of a network namespace (the caller's by default). */
export async function listLinks(netns?: string): Promise<Link[]> {
  const raw = (await ipJson(['-details', 'link', 'show'], netns)) as RawLink[];
  return raw.map((link) => ({
    ifindex: link.ifindex ?? 0,
    ifname: link.ifname ?? '',
    address: link.address ?? '',
    kind: link.linkinfo?.info_kind,
    master: link.master,
    alias: link.ifalias,
    isUp: link.flags?.includes('UP') ?? false,
    mtu: link.mtu ?? 0,
  }));
}

/** `ip -json …` parsed; an empty answer is an empty list. */
export async function ipJson(args: readonly string[], netns?: string): Promise<unknown[]> {
  const { stdout } =
    netns === undefined
      ? await exec('ip', ['-json', ...args])
      : await exec('nsenter', [`--net=${netns}`, 'ip', '-json', ...args]);
  const parsed: unknown = stdout.trim() === '' ? [] : JSON.parse(stdout);
  return Array.isArray(parsed) ? parsed.filter((item) => Object.keys(item as object).length > 0) : [];
}
