import { randomBytes } from 'node:crypto';
import { asPouchError, background, type PouchError, sleep } from '@pouch/base';
import { type CallOptions, filterValue, type ServiceFactory, toGrpc, toGrpcStream } from './call.ts';
import { type ContainerdEvent, decodeEvent } from './event-types.ts';
import { type Envelope, EventsDefinition } from './generated/containerd/services/events.ts';
import type { GrpcService } from '@pouch/grpc';
import { toNanos } from './time.ts';

/** What a watch tells, in order. */
export type WatchItem =
  /** From here on no event is missed until the next `interrupted`. What happened before is to be looked up now. */
  | { readonly type: 'subscribed'; readonly attempt: number }
  | { readonly type: 'event'; readonly event: ContainerdEvent }
  /** The stream broke; events may be missed until the next `subscribed`. */
  | { readonly type: 'interrupted'; readonly error: PouchError };

export interface SubscribeOptions {
  /** containerd's filters, such as `topic~="^/tasks/"`; one match is enough. Default: every event of the namespace. */
  readonly filters?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly namespace?: string | undefined;
}

const FIRST_MARK = 10;
const MAX_MARK = 500;
const FIRST_PAUSE = 20;
const MAX_PAUSE = 1000;

export class Events {
  readonly #rpc: GrpcService<typeof EventsDefinition>;
  readonly #namespace: string;

  constructor(services: ServiceFactory) {
    this.#rpc = services.service(EventsDefinition);
    this.#namespace = services.namespace;
  }

  /** The namespace's events until the loop is left, the signal aborts, or the connection breaks (which throws). */
  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<ContainerdEvent, void, undefined> {
    const filters = this.#filters(options);
    for await (const envelope of this.#rpc.stream('subscribe', { filters }, toGrpcStream(options))) {
      yield toEvent(envelope);
    }
  }

  /**
   * Events over restarts of containerd: ends only when the loop is left or the signal aborts. containerd does not say when a
   * subscription has taken hold, so a marker is published until it comes back; `subscribed` then is certain.
   */
  async *watch(options: SubscribeOptions = {}): AsyncGenerator<WatchItem, void, undefined> {
    let pause = FIRST_PAUSE;
    for (let attempt = 1; !options.signal?.aborted; attempt += 1) {
      try {
        for await (const item of this.#watchOnce(options, attempt)) {
          pause = FIRST_PAUSE;
          yield item;
        }
      } catch (error) {
        if (options.signal?.aborted) return;
        yield { type: 'interrupted', error: asPouchError(error) };
      }
      try {
        await sleep(pause, options.signal);
      } catch {
        return;
      }
      pause = Math.min(pause * 2, MAX_PAUSE);
    }
  }

  /** Publish an event; mostly for tests and markers. */
  async publish(topic: string, event: { typeUrl: string; value: Uint8Array }, options?: CallOptions): Promise<void> {
    await this.#rpc.unary('publish', { topic, event }, toGrpc(options));
  }

  async *#watchOnce(options: SubscribeOptions, attempt: number): AsyncGenerator<WatchItem, void, undefined> {
    const marker = `/sync/${randomBytes(8).toString('hex')}`;
    const filters = [...this.#filters(options), `topic==${filterValue(marker)}`];
    const marking = new AbortController();
    const onOpen = (): void => background(this.#mark(marker, options.namespace, marking.signal), () => {});
    try {
      for await (const envelope of this.#rpc.stream('subscribe', { filters }, toGrpcStream(options), onOpen)) {
        if (envelope.topic !== marker) {
          yield { type: 'event', event: toEvent(envelope) };
        } else if (!marking.signal.aborted) {
          marking.abort();
          yield { type: 'subscribed', attempt };
        }
      }
    } finally {
      marking.abort();
    }
  }

  /** Publish the marker until it was seen. A failure needs no handling: the stream breaks with it, or the next one succeeds. */
  async #mark(topic: string, namespace: string | undefined, seen: AbortSignal): Promise<void> {
    let pause = FIRST_MARK;
    while (!seen.aborted) {
      const event = { typeUrl: 'google.protobuf.Empty', value: new Uint8Array() };
      await this.publish(topic, event, { namespace, deadlineMs: 5000 }).catch(() => {});
      await sleep(pause, seen);
      pause = Math.min(pause * 2, MAX_MARK);
    }
  }

  /** The caller's filters, each for one namespace only: containerd would send the events of all. */
  #filters(options: SubscribeOptions): string[] {
    const namespace = `namespace==${filterValue(options.namespace ?? this.#namespace)}`;
    return options.filters?.length ? options.filters.map((filter) => `${filter},${namespace}`) : [namespace];
  }
}

function toEvent(envelope: Envelope): ContainerdEvent {
  return {
    timestamp: toNanos(envelope.timestamp) ?? 0n,
    namespace: envelope.namespace,
    topic: envelope.topic,
    event: decodeEvent(envelope.event),
  };
}
