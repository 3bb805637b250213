import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import { background, Emitter, errorMessage, type Logger, PouchError, sleep } from '@pouch/base';
import type { Launched } from './launch.ts';
import { isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';

export interface SupervisionOptions {
  readonly pidFile: string;
  readonly logFile: string;
  /** Milliseconds until a started daemon must answer. Default 60,000. */
  readonly startTimeoutMs?: number | undefined;
  /** Milliseconds between two looks. Default 2,000. A lost connection is noticed at once. */
  readonly checkIntervalMs?: number | undefined;
  /** Milliseconds without an answer after which a live daemon is killed and started anew. Default 60,000. */
  readonly hangTimeoutMs?: number | undefined;
}

/** One kind of daemon: how it is found, started and asked. */
export interface SupervisedDaemon {
  /** For messages. */
  readonly name: string;
  /** The one that an earlier process left running. */
  find(): Promise<ProcessIdentity | undefined>;
  /** Done while none runs, before one is started; what it resolves with is disposed of when that answers or has failed. */
  readonly beforeLaunch?: (() => Promise<Disposable>) | undefined;
  /** Called when none runs. What the last one left half done may be cleared away first. */
  launch(): Promise<Launched>;
  /** Resolves with its version once it answers. */
  waitForReady(timeoutMs: number, signal: AbortSignal): Promise<string>;
  /** One cheap call. */
  ping(options: { readonly signal: AbortSignal; readonly deadlineMs: number }): Promise<unknown>;
  /** Drop the connection, which a dead daemon may have left half open. */
  reconnect(): void;
  /** Close the connection for good. */
  disconnect(): void;
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
/** A daemon that lived so long owes its end to nothing in its start. */
const STABLE = 30_000;
const MAX_LOG = 16 << 20;

/**
 * Keeps one daemon running: takes up a live one that an earlier process left, else starts one; starts it again when it ends or
 * hangs. It ends the daemon only by `stop()`: disposing, or the death of this process, leaves it running.
 */
export class DaemonSupervisor implements AsyncDisposable {
  /** Every change between ready and down. */
  readonly onState: Emitter<SupervisorState>;
  readonly #options: SupervisionOptions;
  readonly #daemon: SupervisedDaemon;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  #state: SupervisorState = { state: 'down', reason: 'not started' };
  #process: ProcessIdentity | undefined;
  #wake: () => void = () => {};
  #loop: Promise<void> | undefined;

  constructor(
    options: SupervisionOptions,
    dependencies: { readonly daemon: SupervisedDaemon; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#daemon = dependencies.daemon;
    this.#logger = dependencies.logger;
    this.onState = new Emitter((error) => this.#logger.error('a listener failed', { error }));
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** The PID while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Look at the daemon now: its connection ended, or its process did. */
  wake(): void {
    this.#wake();
  }

  /** Resolves when it answers. Throws when it cannot be started at all; afterwards it is kept running. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#loop) throw new PouchError('conflict', `The supervisor of ${this.#daemon.name} has been started before.`);
    await this.#bringUp(signal);
    this.#loop = this.#supervise();
    background(this.#loop, (error) => this.#logger.error(`the supervision of ${this.#daemon.name} ended`, { error }));
  }

  /** End the daemon: SIGTERM, and SIGKILL after `timeoutMs` (default 10,000). */
  async stop(timeoutMs = 10_000): Promise<void> {
    await this[Symbol.asyncDispose]();
    const running = this.#process ?? (await this.#daemon.find());
    if (running) await this.#end(running, timeoutMs);
    this.#process = undefined;
    await rm(this.#options.pidFile, { force: true });
    this.#setState({ state: 'down', reason: 'stopped' });
  }

  /** Watch no more. The daemon goes on running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#loop?.catch(() => {});
    this.#daemon.disconnect();
  }

  /** Take up or start, and wait for the answer. */
  async #bringUp(signal: AbortSignal | undefined): Promise<void> {
    const { startTimeoutMs = 60_000 } = this.#options;
    const found = await this.#daemon.find();
    if (found) {
      this.#process = found;
      try {
        await this.#ready(found, startTimeoutMs, true, undefined, signal);
        return;
      } catch (error) {
        if (signal?.aborted) throw error;
        this.#logger.warn(`the running ${this.#daemon.name} does not answer; starting another`, {
          pid: found.pid,
          error,
        });
        await this.#end(found, 5000);
      }
    }
    using _prepared = await this.#daemon.beforeLaunch?.();
    const { identity, exited } = await this.#daemon.launch();
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
    const answer = this.#daemon.waitForReady(timeout, signals);
    const failed = exited?.then((reason) => {
      throw new PouchError(
        'unavailable',
        `${this.#daemon.name} ended at its start (${reason}); see ${this.#options.logFile}.`,
      );
    });
    try {
      const version = await (failed ? Promise.race([answer, failed]) : answer);
      this.#logger.info(`${this.#daemon.name} ${adopted ? 'taken up' : 'started'}`, { pid: identity.pid, version });
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
      this.#logger.warn(`${this.#daemon.name} is down; starting it again`, { reason });
      this.#setState({ state: 'down', reason });
      this.#daemon.reconnect();
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
        if (!signal.aborted) {
          this.#logger.error(`${this.#daemon.name} could not be started again`, { error, retryInMs: pause });
        }
      }
    }
    return pause;
  }

  /** Resolves with why it is down, or with undefined when the supervision ends. */
  async #watch(signal: AbortSignal): Promise<string | undefined> {
    const { checkIntervalMs = 2000, hangTimeoutMs = 60_000 } = this.#options;
    const watched = this.#process as ProcessIdentity;
    let answered = performance.now();
    let interval = checkIntervalMs;
    while (!signal.aborted) {
      if (!(await isAlive(watched))) return `process ${watched.pid} ended`;
      try {
        await this.#daemon.ping({ signal, deadlineMs: Math.min(10_000, hangTimeoutMs) });
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

  /** Until the interval is over, or the daemon's connection or process ended. */
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

  /** Keep one older part of the log. The daemon appends, so that what it holds open can be cut. */
  async #limitLog(): Promise<void> {
    const { logFile } = this.#options;
    try {
      if ((await stat(logFile)).size < MAX_LOG) return;
      await copyFile(logFile, `${logFile}.1`);
      await truncate(logFile, 0);
    } catch (error) {
      this.#logger.debug(`${this.#daemon.name}'s log could not be rotated`, { logFile, error });
    }
  }

  async #end(identity: ProcessIdentity, timeoutMs: number): Promise<void> {
    if (timeoutMs > 0 && (await signalProcess(identity, 'SIGTERM')) && (await this.#gone(identity, timeoutMs))) return;
    await signalProcess(identity, 'SIGKILL');
    if (!(await this.#gone(identity, 10_000))) {
      throw new PouchError(
        'unavailable',
        `${this.#daemon.name} (process ${identity.pid}) does not end, not even when killed.`,
      );
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
