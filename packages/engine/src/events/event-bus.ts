import type { EventMessage } from '@pouch/api';
import { Emitter, nowNanos } from '@pouch/base';
import { type EventFilters, matchesEvent } from './event-filters.ts';

export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'plugin' | 'builder';

/** How many past events `since` can reach back to. */
const KEPT = 1024;

export interface EventQuery {
  readonly filters?: EventFilters;
  /** Nanoseconds since the epoch; past events from here on come first. */
  readonly since?: bigint;
  /** Nanoseconds since the epoch; the stream ends there. In the past: it ends after the past events. */
  readonly until?: bigint;
}

/** What happened on this host, told in order to whoever listens; the newest 1024 events are kept for `since`. */
export class EventBus {
  readonly #emitter = new Emitter<EventMessage>();
  readonly #past: EventMessage[] = [];

  publish(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const timeNano = nowNanos();
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: { ...attributes } },
      scope: 'local',
      time: Number(timeNano / 1_000_000_000n),
      timeNano: Number(timeNano),
    };
    this.#past.push(event);
    if (this.#past.length > KEPT) this.#past.shift();
    this.#emitter.emit(event);
  }

  /** Streams and subscriptions now. */
  get listenerCount(): number {
    return this.#emitter.listenerCount;
  }

  subscribe(listener: (event: EventMessage) => void): Disposable {
    return this.#emitter.subscribe(listener);
  }

  /**
   * Past events from `since`, then live ones, until `until` or the signal. A reader that falls more than 8,192 events
   * behind is cut off rather than kept in memory.
   */
  async *stream(query: EventQuery, signal: AbortSignal): AsyncGenerator<EventMessage, void, undefined> {
    const queue: EventMessage[] = [];
    let wake = Promise.withResolvers<void>();
    const accept = (event: EventMessage): void => {
      if (query.filters && !matchesEvent(event, query.filters)) return;
      queue.push(event);
      wake.resolve();
    };
    if (query.since !== undefined || query.until !== undefined) {
      const from = Number(query.since ?? 0n);
      const to = query.until === undefined ? Number.POSITIVE_INFINITY : Number(query.until);
      for (const event of this.#past) {
        const at = event.timeNano ?? 0;
        if (query.since !== undefined && at >= from && at <= to) accept(event);
      }
    }
    let ended = false;
    const end = (): void => {
      ended = true;
      wake.resolve();
    };
    using _ = this.#emitter.subscribe(accept);
    signal.addEventListener('abort', end, { once: true });
    const remaining = query.until === undefined ? undefined : Number((query.until - nowNanos()) / 1_000_000n);
    const timer = remaining === undefined ? undefined : setTimeout(end, Math.min(Math.max(remaining, 0), 2 ** 31 - 1));
    try {
      for (;;) {
        while (queue.length > 0 && !signal.aborted) yield queue.shift() as EventMessage;
        if (ended || signal.aborted || queue.length > 8192) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }
}
