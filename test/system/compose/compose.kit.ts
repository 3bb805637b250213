import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerInspect, ContainerSummary } from '@pouch/api';
import type { ExecResult } from '@pouch/base';
import { POUCH } from '../../harness/programs.ts';
import type { TestDaemon } from '../../harness/test-daemon.ts';

/** A project's files in a directory of their own, and `pouch compose` on them. Disposing it takes the project down. */
export class ComposeProject implements AsyncDisposable {
  readonly name: string;
  readonly directory: string;
  readonly #daemon: TestDaemon;

  constructor(daemon: TestDaemon, name: string, files: Readonly<Record<string, string>>) {
    this.name = name;
    this.#daemon = daemon;
    this.directory = join(daemon.directory, 'projects', name);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string): void {
    const whole = join(this.directory, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }

  #words(args: readonly string[]): string[] {
    return ['compose', '-p', this.name, '--project-directory', this.directory, '--progress', 'plain', ...args];
  }

  /** Run a command to its end; fails on a non-zero exit unless `allowFailure`. */
  async run(
    args: readonly string[],
    options: { input?: string; allowFailure?: boolean; timeout?: number } = {},
  ): Promise<ExecResult> {
    return await this.#daemon.pouch(this.#words(args), { timeout: 120_000, ...options });
  }

  /** Start a command that goes on. */
  start(args: readonly string[]): RunningCompose {
    return new RunningCompose(this.#words(args), this.#daemon);
  }

  async containers(): Promise<ContainerSummary[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${this.name}`] }));
    return (await this.#daemon.ok('GET', `/containers/json?all=1&filters=${filters}`)).json as ContainerSummary[];
  }

  async inspect(name: string): Promise<ContainerInspect> {
    return (await this.#daemon.ok('GET', `/containers/${this.name}-${name}/json`)).json as ContainerInspect;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(['down', '-v', '-t', '0', '--remove-orphans'], { allowFailure: true });
  }
}

export class RunningCompose implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly ended: Promise<number>;
  output = '';

  constructor(words: readonly string[], daemon: TestDaemon) {
    const [program, ...args] = POUCH;
    this.#child = spawn(program, [...args, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, POUCH_HOST: `unix://${daemon.socket}`, NO_COLOR: '1', HOME: daemon.directory },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => void (this.output += text));
    }
    this.ended = once(this.#child, 'close').then(([code]) => (code as number | null) ?? -1);
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
