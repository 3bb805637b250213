import type { ContainerInspect } from '@pouch/api';

export type Status = 'created' | 'running' | 'paused' | 'exited' | 'gone';

/** How a container of the load behaves once started. */
export type Behaviour =
  /** Until it is stopped; exits with 9 on SIGTERM. */
  | { readonly kind: 'sleeper' }
  /** Prints `lines` numbered lines on each stream, waits `seconds`, exits with `code`. */
  | { readonly kind: 'finite'; readonly lines: number; readonly seconds: number; readonly code: number }
  /** As a sleeper, and answers on a published port. */
  | { readonly kind: 'server'; readonly port: number }
  /** Ends with 3 again and again, and is started again by its policy: for ever, or `retries` times. */
  | { readonly kind: 'restarting'; readonly seconds: number; readonly retries: number | undefined };

/** What one container may be in, by everything that the client was told. */
export class ModelContainer {
  readonly number: number;
  readonly behaviour: Behaviour;
  readonly autoRemove: boolean;
  readonly history: string[] = [];
  id: string | undefined;
  /** Possible names: two after a rename whose answer was lost. */
  names: Set<string>;
  possible = new Set<Status>(['created']);
  /** Exit codes that are possible, once exited. */
  codes = new Set<number>();
  /** Started at this StartedAt; undefined while it isn't known. */
  startedAt: string | undefined;
  pid: number | undefined;
  /** Starts that were acknowledged or seen; undefined when one may have been missed. */
  runs = 0;
  /** A stop or a kill was asked for in this run: its output may end anywhere. */
  interrupted = false;
  /** A stop's answer was lost in this run: the policy may take the stop as given, and leave it down at its next end. */
  stopAsked = false;

  constructor(number: number, name: string, behaviour: Behaviour, autoRemove: boolean) {
    this.number = number;
    this.names = new Set([name]);
    this.behaviour = behaviour;
    this.autoRemove = autoRemove;
  }

  get name(): string {
    return [...this.names][0] as string;
  }

  get gone(): boolean {
    return this.possible.size === 1 && this.possible.has('gone');
  }

  note(text: string): void {
    this.history.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
  }

  /** The statuses that it may show now: a process may have ended by itself since. */
  allowed(): Set<Status> {
    const allowed = new Set(this.possible);
    const ends = this.behaviour.kind === 'finite';
    if (ends && allowed.has('running')) {
      allowed.add('exited');
      if (this.autoRemove) allowed.add('gone');
    }
    // A policy with an end gives up at some time.
    const givesUp = this.behaviour.kind === 'restarting' && (this.behaviour.retries !== undefined || this.stopAsked);
    if (givesUp && allowed.has('running')) allowed.add('exited');
    if (this.autoRemove && allowed.has('exited')) allowed.add('gone');
    return allowed;
  }

  /** Hold what was seen against what was told. Resolves what was uncertain; a line for each contradiction. */
  observe(seen: ContainerInspect | undefined): string[] {
    const allowed = this.allowed();
    if (!seen) {
      this.possible = new Set(['gone']);
      return allowed.has('gone') ? [] : [`is gone, but the client was told: ${[...allowed].join(' or ')}`];
    }
    const problems: string[] = [];
    const status = this.#statusOf(seen);
    if (!allowed.has(status as Status))
      problems.push(`is ${seen.State.Status}, but the client was told: ${[...allowed].join(' or ')}`);
    const name = seen.Name.slice(1);
    if (!this.names.has(name))
      problems.push(`is called ${name}, but the client was told: ${[...this.names].join(' or ')}`);
    this.names = new Set([name]);
    if (status === 'running') problems.push(...this.#observeRun(seen));
    if (status === 'exited') problems.push(...this.#observeExit(seen));
    this.possible = new Set([status as Status]);
    return problems;
  }

  /** A policy's container is up, or between two runs: one thing to the client. */
  #statusOf(seen: ContainerInspect): string {
    const { Status: status, StartedAt: startedAt } = seen.State;
    if (this.behaviour.kind !== 'restarting') return status;
    if (status === 'restarting' || (status === 'created' && !startedAt.startsWith('0001'))) return 'running';
    return status;
  }

  #observeRun(seen: ContainerInspect): string[] {
    const { StartedAt, Pid } = seen.State;
    if (this.behaviour.kind === 'restarting') return [];
    const problems: string[] = [];
    if (this.startedAt !== undefined && StartedAt !== this.startedAt)
      problems.push(`runs since ${StartedAt}, but the client was told ${this.startedAt}`);
    if (this.pid !== undefined && Pid !== this.pid) problems.push(`has process ${Pid}, but had ${this.pid}`);
    this.startedAt = StartedAt;
    this.pid = Pid;
    return problems;
  }

  #observeExit(seen: ContainerInspect): string[] {
    const { ExitCode, StartedAt, FinishedAt, Error: error } = seen.State;
    const problems: string[] = [];
    if (this.codes.size > 0 && !this.codes.has(ExitCode))
      problems.push(`exited with ${ExitCode} (${error}), but ${[...this.codes].join(' or ')} was due`);
    const ran = (Date.parse(FinishedAt) - Date.parse(StartedAt)) / 1000;
    const { behaviour } = this;
    if (behaviour.kind === 'finite' && !this.interrupted && this.startedAt === StartedAt) {
      if (ran < behaviour.seconds - 0.5 || ran > behaviour.seconds + 6)
        problems.push(
          `ran ${ran.toFixed(2)} s (${StartedAt} to ${FinishedAt}), but is made to run ${behaviour.seconds} s`,
        );
    }
    if (this.startedAt !== undefined && this.behaviour.kind !== 'restarting' && this.startedAt !== StartedAt)
      problems.push(`started at ${StartedAt}, but the client was told ${this.startedAt}`);
    this.codes = new Set([ExitCode]);
    this.pid = undefined;
    return problems;
  }
}
