import type { EventMessage } from '@pouch/api';
import { errorMessage, isErrorCode, sleep } from '@pouch/base';
import type { LogsOptions } from '@pouch/client';
import { LABEL } from '../convert/labels.ts';
import { type LogLine, readLog, sinceOf } from './log-stream.ts';
import { type Observed, observe, observed } from './observed.ts';
import type { Session } from './session.ts';

/** So long the stream of a run that has ended may take to end. */
const LAST_LINES_MS = 250;
/** So long the word of an end is held back for what is still being printed. */
const LAST_OUTPUT_MS = 2000;

export interface FollowSink {
  line(container: Observed, line: LogLine): void | Promise<void>;
  /** A container has ended; restarts by policy included. */
  exited?(container: Observed, exitCode: number): void;
}

export interface FollowOptions {
  /** Which containers are of interest. */
  readonly wanted: (container: Observed) => boolean;
  readonly timestamps: boolean;
}

/**
 * Follows the output of a project's containers through starts, restarts and replacements, until none of them runs. Made
 * before containers are started, it misses nothing of theirs.
 */
export class Follower implements AsyncDisposable {
  readonly #session: Session;
  readonly #options: FollowOptions;
  readonly #sink: FollowSink;
  readonly #abort = new AbortController();
  readonly #streams = new Map<string, Promise<void>>();
  /** Where the log of a container's next run begins: at the end of the one before, not at a start, which may be noted late. */
  readonly #since = new Map<string, string>();
  readonly #done = Promise.withResolvers<void>();
  #watching: Promise<void> | undefined;
  #armed = false;

  constructor(session: Session, options: FollowOptions, sink: FollowSink) {
    this.#session = { ...session, signal: AbortSignal.any([session.signal, this.#abort.signal]) };
    this.#options = options;
    this.#sink = sink;
    this.#done.promise.catch(() => {});
  }

  /** Resolves once the daemon tells us of starts. */
  async open(): Promise<void> {
    const opened = Promise.withResolvers<void>();
    this.#watching = this.#watch(() => opened.resolve()).catch((error: unknown) => {
      opened.reject(error);
      if (!this.#session.signal.aborted) this.#done.reject(error);
    });
    await opened.promise;
  }

  /** Containers that are about to be started: what they wrote before is of no interest. */
  async expect(containers: readonly Observed[]): Promise<void> {
    await Promise.all(
      containers.map(async ({ id }) => {
        const { State: state } = await this.#session.client.containers.inspect(id);
        const since = sinceOf(state.FinishedAt);
        if (since !== undefined) this.#since.set(id, since);
      }),
    );
  }

  /** Follow a container that is there, with what its log holds by these options. */
  follow(container: Observed, options: LogsOptions): void {
    if (this.#streams.has(container.id) || !this.#options.wanted(container)) return;
    const stream = readLog(
      this.#session,
      container.id,
      { ...options, follow: true, timestamps: this.#options.timestamps },
      (line) => this.#sink.line(container, line),
    )
      .catch((error: unknown) => {
        // A log goes with its container; a driver that keeps none is worth a word.
        if (this.#session.signal.aborted || isErrorCode(error, 'not-found')) return;
        this.#session.progress.warn(`no output of ${container.name}: ${errorMessage(error)}`);
      })
      .finally(() => {
        this.#streams.delete(container.id);
        void this.#check();
      });
    this.#streams.set(container.id, stream);
  }

  /** Everything that was to be started is: from now on it ends when nothing runs. */
  async ended(): Promise<void> {
    this.#armed = true;
    await this.#check();
    await this.#done.promise;
  }

  /** Resolves when what is being printed is printed. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#streams.values());
  }

  async #watch(onOpen: () => void): Promise<void> {
    const events = this.#session.client.system.events({
      filters: {
        type: ['container'],
        event: ['start', 'die'],
        label: [`${LABEL.project}=${this.#session.project.name}`],
      },
      signal: this.#session.signal,
      onOpen,
    });
    for await (const event of events) await this.#event(event);
  }

  async #event(event: EventMessage): Promise<void> {
    const attributes = event.Actor.Attributes;
    if (event.Action === 'start') {
      const [summary] = await this.#session.client.containers.list({ all: true, filters: { id: [event.Actor.ID] } });
      if (!summary) return;
      const since = this.#since.get(event.Actor.ID);
      // The log of the run before may be at its last lines.
      await Promise.race([this.#streams.get(event.Actor.ID), sleep(LAST_LINES_MS)]);
      this.follow(observed(summary), since === undefined ? {} : { since });
      return;
    }
    this.#since.set(event.Actor.ID, eventTime(event));
    const container = eventContainer(event);
    if (this.#options.wanted(container)) {
      // What it wrote last comes before the word of its end.
      await Promise.race([this.#streams.get(event.Actor.ID), sleep(LAST_OUTPUT_MS)]);
      this.#sink.exited?.(container, Number(attributes['exitCode'] ?? 0));
    }
    await this.#check();
  }

  async #check(): Promise<void> {
    if (!this.#armed || this.#streams.size > 0) return;
    try {
      const found = (await observe(this.#session.client, this.#session.project.name)).filter(this.#options.wanted);
      const alive = found.some(({ state }) => state === 'running' || state === 'restarting' || state === 'paused');
      if (!alive) this.#done.resolve();
    } catch (error) {
      if (this.#session.signal.aborted) this.#done.resolve();
      else this.#done.reject(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#done.resolve();
    await this.#watching;
    await this.drain();
  }
}

/** Seconds since the epoch, with a fraction. */
function eventTime({ time, timeNano }: EventMessage): string {
  return timeNano === undefined ? String(time) : (timeNano / 1e9).toFixed(6);
}

/** A container as an event tells of it: it may be gone already. */
function eventContainer(event: EventMessage): Observed {
  const attributes = event.Actor.Attributes;
  return {
    id: event.Actor.ID,
    name: attributes['name'] ?? '',
    service: attributes[LABEL.service] ?? '',
    number: Number(attributes[LABEL.number] ?? 0) || 0,
    oneOff: attributes[LABEL.oneOff]?.toLowerCase() === 'true',
    state: 'exited',
    hash: attributes[LABEL.configHash] ?? '',
    summary: { Labels: attributes } as unknown as Observed['summary'],
  };
}
