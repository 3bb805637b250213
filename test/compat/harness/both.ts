import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, PouchError, sleep } from '@pouch/base';
import { busyboxArchive } from '../../harness/busybox-image.ts';
import { validated, type ValidatedEngine } from '../validator/validated-engine.ts';
import { dockerPrograms, startDockerEngine } from './docker-engine.ts';
import type { Engine, Engines } from './engine.ts';
import { type PouchBuild, startPouchEngine } from './pouch-engine.ts';

/** Where a registry listens in each engine's network. */
export const REGISTRY = '127.0.0.1:5000';

/**
 * Both engines with the image `busybox`, and a directory for the clients' files. Every answer of pouchd is checked against the
 * contract at the version that its client speaks. Disposing takes everything away, and throws when an answer was not valid.
 */
export class BothEngines implements AsyncDisposable, Engines {
  readonly directory = mkdtempSync(join(tmpdir(), 'pouch-compat-'));
  readonly #owned = new AsyncDisposableStack();
  #pouch: ValidatedEngine | undefined;
  #docker: Engine | undefined;

  static async start(options: { readonly pouch?: PouchBuild } = {}): Promise<BothEngines> {
    const both = new BothEngines();
    try {
      await both.#start(options.pouch ?? 'tested');
      return both;
    } catch (error) {
      await both[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pouch(): ValidatedEngine {
    return required(this.#pouch);
  }

  get docker(): Engine {
    return required(this.#docker);
  }

  get all(): readonly Engine[] {
    return [this.pouch, this.docker];
  }

  async #start(build: PouchBuild): Promise<void> {
    const programs = dockerPrograms();
    if (programs === undefined) throw new PouchError('unsupported', 'there is no dockerd to compare with');
    this.#owned.defer(() => rmSync(this.directory, { recursive: true, force: true }));
    const starts = await Promise.allSettled([
      (async () => {
        this.#pouch = this.#owned.use(await validated(await startPouchEngine(join(this.directory, 'pouch'), build)));
      })(),
      (async () => {
        this.#docker = this.#owned.use(await startDockerEngine(join(this.directory, 'docker'), programs));
      })(),
    ]);
    // A failure of either leaves nothing of the other behind: both are owned, or never were.
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
    const archive = join(this.directory, 'busybox.tar');
    await busyboxArchive(archive);
    await Promise.all(this.all.map(async (engine) => await importBusybox(engine, archive)));
  }

  /** Debian's docker-registry on REGISTRY in the network of each engine. Its images stay until the end. */
  async startRegistries(): Promise<void> {
    for (const engine of this.all) this.#owned.use(await serveRegistry(engine));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function required<E extends Engine>(engine: E | undefined): E {
  if (!engine) throw new PouchError('conflict', 'the engines have not been started');
  return engine;
}

/** The docker client's environment for an engine, with a configuration directory of its own. */
export function clientEnvironment(engine: Engine): Record<string, string> {
  return { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: join(engine.directory, 'client') };
}

async function importBusybox(engine: Engine, archive: string): Promise<void> {
  await exec('docker', ['import', '--change', 'CMD ["sh"]', archive, 'busybox:latest'], {
    env: clientEnvironment(engine),
    timeout: 60_000,
  });
}

async function serveRegistry(engine: Engine): Promise<Disposable> {
  const directory = join(engine.directory, 'registry');
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}
http: {addr: '${REGISTRY}'}
`,
  );
  const [program = '', ...args] = engine.wrap(['docker-registry', 'serve', config]);
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  const end = { [Symbol.dispose]: (): void => void child.kill('SIGTERM') };
  const [probe = '', ...rest] = engine.wrap(['curl', '-sf', `http://${REGISTRY}/v2/`]);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if ((await exec(probe, rest, { allowFailure: true })).code === 0) return end;
    await sleep(50);
  }
  end[Symbol.dispose]();
  throw new PouchError('unavailable', `docker-registry does not answer: ${readFileSync(config, 'utf8')}`);
}
