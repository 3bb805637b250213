import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import { background, Emitter, errorMessage, type Logger, PouchError, sleep } from '@pouch/base';
import { ContainerdClient } from '../client.ts';
import { type LaunchOptions, launchContainerd } from './launch.ts';
import { findContainerd, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';

export interface SupervisorOptions extends LaunchOptions {
  /** Milliseconds until a started containerd must answer. Default 60,000. */
  readonly startTimeoutMs?: number | undefined;
  /** Milliseconds between two looks. Default 2,000. A lost connection is noticed at once. */
  readonly checkIntervalMs?: number | undefined;
  /** Milliseconds without an answer after which a live containerd is killed and started anew. Default 60,000. */
  readonly hangTimeoutMs?: number | undefined;
  /** Done while none runs, before one is started; what it resolves with is disposed of when that answers or has failed. */
  readonly beforeLaunch?: (() => Promise<Disposable>) | undefined;
}

export type SupervisorState =
  | {
      readonly state: 'ready';
      readonly pid: number;
      readonly version: string;
      /** It was running already. */
      readonly adopted: boolean;
    }
  | { readonly state: 'down'; readonly reason: string };

const FIRST_PAUSE = 100;
const MAX_PAUSE = 10_000;
/** A containerd that lived so long owes its end to nothing in its start. */
const STABLE = 30_000;
const MAX_LOG = 16 << 20;

/**
 * Keeps one private containerd running: takes up a live one that an earlier process left, else starts one; starts it again when
 * it ends or hangs. Containers live on in their shims meanwhile. It ends containerd only by `stop()`: disposing, or the death of
 * this process, leaves it running.
 */
export class ContainerdSupervisor implements AsyncDisposable {
  /** Every change between ready and down. */
  readonly onState: Emitter<SupervisorState>;
  readonly #options: SupervisorOptions;
  readonly #logger: Logger;
  readonly #client: ContainerdClient;
  readonly #ending = new AbortController();
  #state: SupervisorState = { state: 'down', reason: 'not started' };
  #process: ProcessIdentity | undefined;
  #wake: () => void = () => {};
  #loop: Promise<void> | undefined;

  constructor(options: SupervisorOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = dependencies.logger;
    this.onState = new Emitter((error) => this.#logger.error('a listener failed', { error }));
    const { address } = options;
    this.#client = new ContainerdClient(
      { address, namespace: 'default', patienceMs: 0, onDisconnect: () => this.#wake() },
      dependencies,
    );
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** The PID while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when containerd answers. Throws when it cannot be started at all; afterwards it is kept running. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#loop) throw new PouchError('conflict', 'The supervisor of containerd has been started before.');
    await this.#bringUp(signal);
    this.#loop = this.#supervise();
    background(this.#loop, (error) => this.#logger.error('the supervision of containerd ended', { error }));
  }

  /** End containerd: SIGTERM, and SIGKILL after `timeoutMs` (default 10,000). Containers go on running. */
  async stop(timeoutMs = 10_000): Promise<void> {
    await this[Symbol.asyncDispose]();
    const running = this.#process ?? (await findContainerd(this.#options.pidFile, this.#options.configPath));
    if (running) await this.#end(running, timeoutMs);
    this.#process = undefined;
    await rm(this.#options.pidFile, { force: true });
    this.#setState({ state: 'down', reason: 'stopped' });
  }

  /** Watch no more. containerd goes on running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#loop?.catch(() => {});
    this.#client[Symbol.dispose]();
  }

  /** Take up or start, and wait for the answer. */
  async #bringUp(signal: AbortSignal | undefined): Promise<void> {
    const { pidFile, configPath, startTimeoutMs = 60_000 } = this.#options;
    const found = await findContainerd(pidFile, configPath);
    if (found) {
      this.#process = found;
      try {
        await this.#ready(found, startTimeoutMs, true, undefined, signal);
        return;
      } catch (error) {
        if (signal?.aborted) throw error;
        this.#logger.warn('the running containerd does not answer; starting another', { pid: found.pid, error });
        await this.#end(found, 5000);
      }
    }
    using _prepared = await this.#options.beforeLaunch?.();
    const { identity, exited } = await launchContainerd(this.#options);
    this.#process = identity;
    background(
      exited.then(() => this.#wake()),
      () => {},
    );
    await this.#ready(identity, startTimeoutMs, false, exited, signal);
  }

  async #ready(
    identity: ProcessIdentity,
    timeout: number,
    adopted: boolean,
    exited: Promise<string> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const settled = new AbortController();
    const signals = signal ? AbortSignal.any([signal, settled.signal]) : settled.signal;
    const answer = this.#client.waitForReady(timeout, { signal: signals });
    const failed = exited?.then((reason) => {
      throw new PouchError('unavailable', `containerd ended at its start (${reason}); see ${this.#options.logFile}.`);
    });
    try {
      const version = await (failed ? Promise.race([answer, failed]) : answer);
      this.#logger.info(adopted ? 'containerd taken up' : 'containerd started', { pid: identity.pid, version });
      this.#setState({ state: 'ready', pid: identity.pid, version, adopted });
    } finally {
      settled.abort();
      answer.catch(() => {});
    }
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#ending;
    let pause = 0;
    while (!signal.aborted) {
      const since = performance.now();
      const reason = await this.#watch(signal);
      if (reason === undefined) return;
      this.#logger.warn('containerd is down; starting it again', { reason });
      this.#setState({ state: 'down', reason });
      this.#client.reconnect();
      if (performance.now() - since > STABLE) pause = 0;
      pause = await this.#restart(pause, signal);
    }
  }

  /** Bring it up, again and again. Resolves with the pause that the next failure begins with. */
  async #restart(firstPause: number, signal: AbortSignal): Promise<number> {
    let pause = firstPause;
    while (!signal.aborted) {
      try {
        if (pause > 0) await sleep(pause, signal);
        pause = Math.min(Math.max(pause * 2, FIRST_PAUSE), MAX_PAUSE);
        await this.#bringUp(signal);
        return pause;
      } catch (error) {
        if (!signal.aborted) this.#logger.error('containerd could not be started again', { error, retryInMs: pause });
      }
    }
    return pause;
  }

  /** Resolves with why containerd is down, or with undefined when the supervision ends. */
  async #watch(signal: AbortSignal): Promise<string | undefined> {
    const { checkIntervalMs = 2000, hangTimeoutMs = 60_000 } = this.#options;
    const watched = this.#process as ProcessIdentity;
    let answered = performance.now();
    let interval = checkIntervalMs;
    while (!signal.aborted) {
      if (!(await isAlive(watched))) return `process ${watched.pid} ended`;
      try {
        await this.#client.version.get({ signal, deadlineMs: Math.min(10_000, hangTimeoutMs) });
        answered = performance.now();
        interval = checkIntervalMs;
      } catch (error) {
        if (signal.aborted) return undefined;
        // Most likely it is ending just now.
        interval = Math.min(100, checkIntervalMs);
        if (performance.now() - answered > hangTimeoutMs && (await isAlive(watched))) {
          await this.#end(watched, 0);
          return `no answer for ${hangTimeoutMs} ms: ${errorMessage(error)}`;
        }
      }
      await this.#limitLog();
      await this.#nextLook(interval, signal);
    }
    return undefined;
  }

  /** Until the interval is over, or containerd's connection or process ended. */
  async #nextLook(interval: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, interval);
    timer.unref();
    await promise;
    clearTimeout(timer);
    this.#wake = () => {};
    // After a lost connection the process may need a moment to be gone.
    await sleep(10);
  }

  /** Keep one older part of the log. containerd appends, so that what it holds open can be cut. */
  async #limitLog(): Promise<void> {
    const { logFile } = this.#options;
    try {
      if ((await stat(logFile)).size < MAX_LOG) return;
      await copyFile(logFile, `${logFile}.1`);
      await truncate(logFile, 0);
    } catch (error) {
      this.#logger.debug("containerd's log could not be rotated", { logFile, error });
    }
  }

  async #end(identity: ProcessIdentity, timeoutMs: number): Promise<void> {
    if (timeoutMs > 0 && (await signalProcess(identity, 'SIGTERM')) && (await this.#gone(identity, timeoutMs))) return;
    await signalProcess(identity, 'SIGKILL');
    if (!(await this.#gone(identity, 10_000))) {
      throw new PouchError('unavailable', `containerd (process ${identity.pid}) does not end, not even when killed.`);
    }
  }

  async #gone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (await isAlive(identity)) {
      if (performance.now() > deadline) return false;
      await sleep(20);
    }
    return true;
  }

  #setState(state: SupervisorState): void {
    this.#state = state;
    this.onState.emit(state);
  }
}
