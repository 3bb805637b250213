/** Test aid: a pouchd with BuildKit, and Docker's own clients that build with it. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type ExecResult, exec, PouchError, sleep } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';

/** Where clients that are not Debian's have been put; the layout is `bin/buildkitd`, `cli-plugins/docker-buildx`. */
const DIRECTORIES = [process.env['POUCH_COMPAT_CLIENTS'] ?? '', '/var/cache/pouch-test/clients'].filter(
  (path) => path !== '',
);

function find(place: string, name: string): string | undefined {
  const paths = [
    ...DIRECTORIES.map((directory) => join(directory, place, name)),
    ...(process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name)),
    ...['/usr/libexec/docker', '/usr/lib/docker', '/usr/local/lib/docker'].map((path) => join(path, place, name)),
  ];
  return paths.find((path) => existsSync(path));
}

export const BUILDKITD = find('bin', 'buildkitd');
const BUILDX = find('cli-plugins', 'docker-buildx');
export const COMPOSE = find('cli-plugins', 'docker-compose');

/** Why builds cannot be tested on this host, or false. */
export function missingForBuilds(): string | false {
  if (BUILDKITD === undefined) return 'there is no buildkitd here (name a directory in POUCH_COMPAT_CLIENTS)';
  if (BUILDX === undefined) return 'there is no docker-buildx here (name a directory in POUCH_COMPAT_CLIENTS)';
  return find('bin', 'docker') === undefined ? 'there is no docker client here' : false;
}

export type Files = Readonly<Record<string, string>>;

/** A daemon, and directories of projects to build. */
export class Builder implements AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly #config: string;
  #count = 0;

  private constructor(daemon: TestDaemon) {
    this.daemon = daemon;
    this.#config = join(daemon.directory, 'docker');
    mkdirSync(join(this.#config, 'cli-plugins'), { recursive: true });
    for (const plugin of [BUILDX, COMPOSE]) {
      if (plugin) symlinkSync(plugin, join(this.#config, 'cli-plugins', plugin.split('/').at(-1) as string));
    }
  }

  static async start(flags: readonly string[] = []): Promise<Builder> {
    return new Builder(await TestDaemon.start(['--buildkit-binary', BUILDKITD as string, ...flags]));
  }

  get buildkitdPid(): number | undefined {
    const path = join(this.daemon.directory, 'run/buildkitd.pid');
    return existsSync(path) ? Number(readText(path)) : undefined;
  }

  /** A directory with these files in it. */
  project(files: Files): string {
    this.#count += 1;
    const directory = join(this.daemon.directory, `project${this.#count}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return directory;
  }

  /** Run Docker's client. Both outputs are in `stdout`, as buildx writes its progress to the other one. */
  async docker(
    args: readonly string[],
    options: {
      cwd?: string;
      input?: string;
      allowFailure?: boolean;
      env?: Record<string, string>;
      timeout?: number;
    } = {},
  ): Promise<ExecResult> {
    const { env, ...rest } = options;
    return await exec('docker', args, { timeout: 180_000, ...rest, env: { ...this.environment(), ...env } });
  }

  environment(): Record<string, string> {
    return {
      DOCKER_HOST: `unix://${this.daemon.socket}`,
      DOCKER_CONFIG: this.#config,
      BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
      BUILDKIT_PROGRESS: 'plain',
      HOME: this.daemon.directory,
    };
  }

  /** Build the project; returns the progress. */
  async build(directory: string, ...flags: string[]): Promise<string> {
    return (await this.docker(['buildx', 'build', ...flags, directory])).stderr;
  }

  /** Standard output of a container of the image. */
  async run(...args: string[]): Promise<string> {
    return (await this.docker(['run', '--rm', ...args])).stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }
}

function readText(path: string): string {
  return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8').trim();
}

/** Wait until `condition` holds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeout = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new PouchError('deadline-exceeded', `${what} did not happen in time`);
    await sleep(50);
  }
}
