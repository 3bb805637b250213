import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExecResult, exec, PouchError, sleep } from '@pouch/base';
import { busyboxArchive } from './busybox-image.ts';
import { CGROUP_DRIVER, cgroupParent } from './cgroup-parent.ts';
import { CHOSEN_RELEASE, releaseEnvironment } from './containerd-release.ts';
import { patience } from './patience.ts';
import { POUCH, POUCHD } from './programs.ts';

/** Milliseconds that pouchd may take to serve: long enough for a machine that ten such tests share. */
const PATIENCE = patience(120_000);

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  readonly json: unknown;
}

/**
 * A real pouchd with everything of its own: directories, socket, containerd, bridge, nft table, namespace. Disposing it
 * takes all of it away again.
 */
export class TestDaemon implements AsyncDisposable {
  readonly directory: string;
  readonly name: string;
  readonly socket: string;
  readonly #flags: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  private constructor(flags: readonly string[], release: string | undefined) {
    this.name = `t${randomBytes(3).toString('hex')}`;
    this.directory = mkdtempSync(join(tmpdir(), `pouch-${this.name}-`));
    this.socket = join(this.directory, 'run/pouchd.sock');
    this.#flags = flags;
    this.#environment = releaseEnvironment(release);
  }

  /**
   * Start one with the image `busybox` in it. More flags of pouchd may be given, and a directory with a `release` of containerd.
   */
  static async start(
    flags: readonly string[] = [],
    options: { image?: boolean; release?: string } = {},
  ): Promise<TestDaemon> {
    const daemon = new TestDaemon(flags, options.release ?? CHOSEN_RELEASE);
    try {
      await daemon.up();
      if (options.image ?? true) await daemon.importBusybox();
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  get cgroupParent(): string {
    return cgroupParent(this.name);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get containerdPid(): number {
    return Number(readFileSync(join(this.directory, 'run/containerd.pid'), 'utf8').trim());
  }

  /** Every flag that keeps this daemon apart from others. */
  flags(): string[] {
    return [
      '--root',
      join(this.directory, 'root'),
      '--state',
      join(this.directory, 'run'),
      '--bridge',
      `br${this.name}`,
      '--network-table',
      `pouch_${this.name}`,
      '--cgroup-parent',
      this.cgroupParent,
      '--group',
      '',
      ...this.#flags,
    ];
  }

  /** Start pouchd, and wait until it serves. */
  async up(): Promise<void> {
    const log = createWriteStream(join(this.directory, 'pouchd.log'), { flags: 'a' });
    await once(log, 'open');
    const [program, ...args] = POUCHD;
    const child = spawn(program, [...args, ...this.flags(), '--log-level', 'debug'], {
      stdio: ['ignore', log, log],
      env: this.#environment,
      detached: true,
    });
    this.#child = child;
    log.close();
    const deadline = performance.now() + PATIENCE;
    while (performance.now() < deadline) {
      if (child.exitCode !== null)
        throw new PouchError('internal', `pouchd ended with ${child.exitCode}:\n${this.log(20)}`);
      if (existsSync(this.socket) && (await this.#answers())) return;
      await sleep(50);
    }
    throw new PouchError('deadline-exceeded', `pouchd did not serve within ${PATIENCE / 1000} s:\n${this.log(20)}`);
  }

  async #answers(): Promise<boolean> {
    return await this.api('GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  /** The last lines of its log. */
  log(count = 50): string {
    const path = join(this.directory, 'pouchd.log');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-count).join('\n') : '';
  }

  /** End pouchd with a signal, and wait until it is gone. Containers and containerd go on. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async importBusybox(): Promise<void> {
    const archive = join(this.directory, 'busybox.tar');
    await busyboxArchive(archive);
    const body = readFileSync(archive);
    const path = `/images/create?fromSrc=-&repo=busybox&tag=latest&changes=${encodeURIComponent('CMD ["sh"]')}`;
    const { status, text } = await this.api('POST', path, body, { 'Content-Type': 'application/x-tar' });
    if (status !== 200 || text.includes('"error"'))
      throw new PouchError('internal', `importing busybox failed: ${text}`);
  }

  /** One request to the API; the answer's body whole. Objects are sent as JSON. */
  async api(
    method: string,
    path: string,
    body?: object | Buffer | string,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> {
    const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const type =
      raw === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) };
    const { promise, resolve: done, reject } = Promise.withResolvers<ApiAnswer>();
    const message = request({ socketPath: this.socket, method, path, headers: { ...type, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        done({
          status: response.statusCode ?? 0,
          text,
          get json(): unknown {
            return JSON.parse(text);
          },
        });
      });
    });
    message.on('error', reject);
    message.end(raw);
    return await promise;
  }

  /** As `api`, throwing unless the status is below 400. */
  async ok(method: string, path: string, body?: object): Promise<ApiAnswer> {
    const answer = await this.api(method, path, body);
    if (answer.status >= 400) throw new PouchError('internal', `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Run `pouch` against this daemon. Fails on a non-zero exit unless `allowFailure`. */
  async pouch(
    args: readonly string[],
    options: { input?: string; allowFailure?: boolean; timeout?: number } = {},
  ): Promise<ExecResult> {
    const [program, ...first] = POUCH;
    return await exec(program, [...first, ...args], {
      ...options,
      timeout: patience(options.timeout ?? 60_000),
      env: { POUCH_HOST: `unix://${this.socket}`, NO_COLOR: '1', HOME: this.directory },
    });
  }

  /** What a container printed on its standard output; trimmed. */
  async run(args: readonly string[]): Promise<string> {
    return (await this.pouch(['run', '--rm', ...args])).stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    const [program, ...args] = POUCHD;
    await exec(program, [...args, ...this.flags(), '--tear-down'], {
      timeout: patience(120_000),
      env: { PATH: this.#environment['PATH'] ?? '' },
    });
    // systemd keeps the slice when its last container has gone.
    if (CGROUP_DRIVER === 'systemd') await exec('systemctl', ['stop', this.cgroupParent], { allowFailure: true });
    rmSync(this.directory, { recursive: true, force: true });
  }
}
