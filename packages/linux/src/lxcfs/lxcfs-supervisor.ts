import { mkdir, rm } from 'node:fs/promises';
import { background, exec, type Logger, PouchError, sleep } from '@pouch/base';
import { isAlive, signalProcess } from '../proc.ts';
import { type LxcfsFile, LxcfsLayout } from './lxcfs-layout.ts';
import { findLxcfs, launchLxcfs, type LxcfsProcess } from './lxcfs-process.ts';
import { LxcfsViews } from './lxcfs-views.ts';

export interface LxcfsOptions {
  readonly binary: string;
  /** Below the daemon's state: mount point, FIFO, pid file. */
  readonly directory: string;
  readonly logFile: string;
  /** Milliseconds between two looks whether it answers. Default 30,000. */
  readonly checkIntervalMs?: number;
}

const FIRST_PAUSE = 50;
const MAX_PAUSE = 10_000;
const STABLE = 30_000;

/**
 * Keeps one lxcfs running and shown in all containers: takes up a live one that an earlier pouchd left, else starts one; when
 * it ends or hangs, the host's files show through until the next one is up. Disposing leaves it running; `stop` ends it.
 */
export class LxcfsSupervisor implements AsyncDisposable {
  readonly #options: LxcfsOptions;
  readonly #logger: Logger;
  readonly #layout: LxcfsLayout;
  readonly #views: LxcfsViews;
  readonly #ending = new AbortController();
  #process: LxcfsProcess | undefined;
  #loop: Promise<void> | undefined;
  #up = Promise.withResolvers<void>();

  constructor(options: LxcfsOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = dependencies.logger;
    this.#layout = new LxcfsLayout(options.directory);
    this.#views = new LxcfsViews(this.#layout);
    this.#up.promise.catch(() => {});
  }

  /** The process while it runs. */
  get pid(): number | undefined {
    return this.#process?.identity.pid;
  }

  /** Bring it up in the background, and keep it up from then on. */
  start(): void {
    this.#loop ??= this.#supervise();
    background(this.#loop, (error) => this.#logger.error('the supervision of lxcfs ended', { error }));
  }

  /**
   * What to mount into a container, the first of each pair under the second. Waits for a first start; while lxcfs is down
   * after that, the mounts show the host's files and change by themselves. Throws `unavailable` when it never came up.
   */
  async files(): Promise<readonly LxcfsFile[]> {
    this.start();
    await this.#up.promise;
    return this.#layout.files;
  }

  /** End lxcfs and take its mounts away. */
  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]();
    const running = this.#process ?? (await findLxcfs(this.#layout));
    this.#process = undefined;
    if (running) await this.#end(running, 5000);
    await this.#views.detach();
    await rm(this.#layout.pidFile, { force: true });
  }

  /** Watch no more; lxcfs and its mounts stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#up.reject(new PouchError('unavailable', 'lxcfs is not looked after any more: the daemon is ending.'));
    await this.#loop?.catch(() => {});
    this.#process?.[Symbol.dispose]();
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#ending;
    for (let pause = 0; !signal.aborted; ) {
      const since = performance.now();
      try {
        await sleep(pause, signal);
        const process = await this.#bringUp();
        await this.#watch(process, signal);
        if (signal.aborted) return;
        this.#logger.warn('lxcfs has ended; containers see the host until it is up again', {
          pid: process.identity.pid,
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.error('lxcfs cannot be started', { error });
        this.#up.reject(error);
      }
      this.#process?.[Symbol.dispose]();
      this.#process = undefined;
      pause = performance.now() - since > STABLE ? 0 : Math.min(Math.max(pause * 2, FIRST_PAUSE), MAX_PAUSE);
    }
  }

  async #bringUp(): Promise<LxcfsProcess> {
    const { binary, logFile } = this.#options;
    await mkdir(this.#layout.directory, { recursive: true, mode: 0o711 });
    const found = await findLxcfs(this.#layout);
    this.#process = found;
    await this.#views.prepare();
    if (!found || !(await this.#views.isAttached())) {
      await this.#views.detach();
      if (found) await this.#end(found, 1000);
      this.#process = await launchLxcfs(binary, this.#layout, logFile);
      await this.#views.attach();
    }
    const process = this.#process as LxcfsProcess;
    this.#logger.info(process === found ? 'lxcfs taken up' : 'lxcfs started', { pid: process.identity.pid });
    this.#up.resolve();
    this.#up = Promise.withResolvers();
    this.#up.promise.catch(() => {});
    this.#up.resolve();
    return process;
  }

  /** Until it has ended, or until the watching is to end. One that hangs is killed. */
  async #watch(process: LxcfsProcess, signal: AbortSignal): Promise<void> {
    // It may have been aborted while the process was brought up.
    if (signal.aborted) return;
    const over = new AbortController();
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    background(this.#look(process, over.signal), (error) => this.#logger.debug('lxcfs is not looked at', { error }));
    await Promise.race([process.ended, aborted.promise]);
    over.abort();
  }

  async #look(process: LxcfsProcess, signal: AbortSignal): Promise<void> {
    const { checkIntervalMs = 30_000 } = this.#options;
    const [first] = this.#layout.files;
    for (let failures = 0; !signal.aborted; ) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, checkIntervalMs);
      timer.unref();
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
      if (signal.aborted) return;
      // In a process of its own: a read that hangs would hold one of our threads for good.
      const args = ['-s', 'KILL', '5', 'head', '-c', '1', first?.served ?? ''];
      const { code } = await exec('timeout', args, { allowFailure: true });
      failures = code === 0 ? 0 : failures + 1;
      if (failures < 2 && (await isAlive(process.identity))) continue;
      this.#logger.warn('lxcfs does not answer; it is killed', { pid: process.identity.pid });
      await signalProcess(process.identity, 'SIGKILL');
      return;
    }
  }

  async #end(process: LxcfsProcess, timeoutMs: number): Promise<void> {
    await signalProcess(process.identity, 'SIGTERM');
    for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(10)) {
      if (!(await isAlive(process.identity))) break;
    }
    await signalProcess(process.identity, 'SIGKILL');
    await Promise.race([process.ended, sleep(5000)]);
    process[Symbol.dispose]();
  }
}
