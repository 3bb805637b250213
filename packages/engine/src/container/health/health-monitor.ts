import type { HealthConfig } from '@pouch/api';
import { background, formatTime, type Logger, nowNanos } from '@pouch/base';
import type { Container } from '../container.ts';
import type { ExecManager } from '../exec/exec-manager.ts';

const MILLISECOND = 1_000_000;
const DEFAULTS = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5_000, retries: 3 };
/** What of a check's output is kept, in bytes, and of how many checks. */
const MAX_OUTPUT = 4096;
const MAX_LOG = 5;

/** A check as it is done: milliseconds. */
export interface HealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** The check of a configuration, or undefined where it has none. */
export function healthCheckOf(
  config: HealthConfig | undefined,
  shell: readonly string[] | undefined,
): HealthCheck | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (!config || kind === undefined || kind === 'NONE' || rest.length === 0) return undefined;
  const command = kind === 'CMD-SHELL' ? [...(shell?.length ? shell : ['/bin/sh', '-c']), rest[0] as string] : rest;
  const time = (nanos: number | undefined, fallback: number): number => (nanos ? nanos / MILLISECOND : fallback);
  return {
    command,
    interval: time(config.Interval, DEFAULTS.interval),
    timeout: time(config.Timeout, DEFAULTS.timeout),
    startPeriod: time(config.StartPeriod, DEFAULTS.startPeriod),
    startInterval: time(config.StartInterval, DEFAULTS.startInterval),
    retries: config.Retries || DEFAULTS.retries,
  };
}

export interface HealthDependencies {
  readonly execs: ExecManager;
  readonly logger: Logger;
  readonly publish: (container: Container, status: string) => void;
}

/** Runs the checks of running containers and keeps what they said. */
export class HealthMonitor implements Disposable {
  readonly #dependencies: HealthDependencies;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #disposed = false;

  constructor(dependencies: HealthDependencies) {
    this.#dependencies = dependencies;
  }

  /** At a start: health begins anew. After the daemon's restart (`resumed`) it goes on from what is stored. */
  started(container: Container, resumed = false): void {
    const { Healthcheck, Shell } = container.record.config;
    const check = healthCheckOf(Healthcheck, Shell);
    if (!check) {
      delete container.record.state.health;
      return;
    }
    if (!resumed || !container.record.state.health) {
      container.record.state.health = { status: 'starting', failingStreak: 0, log: [] };
    }
    this.#schedule(container, check);
  }

  /** At an end: what does not run is not healthy. No event tells of it, as Docker has none. */
  stopped(container: Container): void {
    const { health } = container.record.state;
    if (health) health.status = 'unhealthy';
    clearTimeout(this.#timers.get(container.id));
    this.#timers.delete(container.id);
  }

  #schedule(container: Container, check: HealthCheck): void {
    if (this.#disposed) return;
    const starting = container.state.health?.status === 'starting' && this.#age(container) < check.startPeriod;
    const pause = starting ? Math.min(check.startInterval, check.interval) : check.interval;
    const timer = setTimeout(() => {
      background(this.#check(container, check), (error) => {
        this.#dependencies.logger.warn('a health check could not be done', { container: container.id, error });
      });
    }, pause);
    timer.unref();
    this.#timers.set(container.id, timer);
  }

  #age(container: Container): number {
    return Number((nowNanos() - BigInt(container.state.startedAt || '0')) / BigInt(MILLISECOND));
  }

  async #check(container: Container, check: HealthCheck): Promise<void> {
    const startedAt = container.state.startedAt;
    if (container.status === 'running') {
      const start = nowNanos();
      const { exitCode, output } = await this.#run(container, check);
      if (container.state.startedAt !== startedAt || !container.live) return;
      this.#settle(container, check, {
        Start: formatTime(start),
        End: formatTime(nowNanos()),
        ExitCode: exitCode,
        Output: output,
      });
    }
    if (container.live && this.#timers.has(container.id)) this.#schedule(container, check);
  }

  async #run(container: Container, check: HealthCheck): Promise<{ exitCode: number; output: string }> {
    const { execs } = this.#dependencies;
    let output = '';
    try {
      const id = await execs.create(container, { Cmd: [...check.command], AttachStdout: true, AttachStderr: true });
      const session = await execs.start(id, { detach: false, tty: false });
      const timer = new AbortController();
      const late = setTimeout(() => timer.abort(), check.timeout);
      const reading = (async () => {
        for await (const chunk of session?.output ?? []) {
          if (output.length < MAX_OUTPUT) output += Buffer.from(chunk.data).toString('utf8');
        }
      })();
      const timedOut = new Promise<number>((resolve) => timer.signal.addEventListener('abort', () => resolve(-1)));
      const exitCode = await Promise.race([execs.get(id).ended.promise, timedOut]);
      clearTimeout(late);
      if (exitCode === -1) await execs.kill(id);
      else await reading;
      await session?.[Symbol.asyncDispose]();
      if (exitCode === -1) return { exitCode, output: `Health check exceeded timeout (${check.timeout}ms)` };
      return { exitCode, output: output.slice(0, MAX_OUTPUT) };
    } catch (error) {
      return { exitCode: -1, output: error instanceof Error ? error.message : String(error) };
    }
  }

  #settle(
    container: Container,
    check: HealthCheck,
    result: { Start: string; End: string; ExitCode: number; Output: string },
  ): void {
    const { health } = container.record.state;
    if (!health) return;
    const before = health.status;
    health.log = [...health.log, result].slice(-MAX_LOG);
    if (result.ExitCode === 0) {
      health.failingStreak = 0;
      health.status = 'healthy';
    } else if (!(before === 'starting' && this.#age(container) < check.startPeriod)) {
      health.failingStreak += 1;
      if (health.failingStreak >= check.retries) health.status = 'unhealthy';
    }
    container.save();
    if (health.status !== before) this.#dependencies.publish(container, health.status);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
