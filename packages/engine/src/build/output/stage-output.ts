import type { BuildProgress } from '../build-service.ts';
import type { JSONMessage } from '@pouch/api';

/** Characters of a stage's output that wait for their turn; then the stage waits. */
const LIMIT = 1024 * 1024;

/** What one stage says. */
export interface StageOutput {
  /** Resolves when more may be said. */
  text(text: string): Promise<void>;
  message(message: JSONMessage): Promise<void>;
}

class Channel implements StageOutput {
  readonly waiting: JSONMessage[] = [];
  ended = false;
  #length = 0;
  #room = Promise.withResolvers<void>();
  readonly #pass: (message: JSONMessage) => boolean;

  constructor(pass: (message: JSONMessage) => boolean) {
    this.#pass = pass;
  }

  async text(text: string): Promise<void> {
    if (text !== '') await this.message({ stream: text });
  }

  async message(message: JSONMessage): Promise<void> {
    if (this.#pass(message)) return;
    this.waiting.push(message);
    this.#length += message.stream?.length ?? 100;
    if (this.#length > LIMIT) await this.#room.promise;
  }

  /** Everything that waited, and no more waiting. */
  release(): JSONMessage[] {
    this.#length = 0;
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
    return this.waiting.splice(0);
  }
}

/**
 * Stages run at the same time, but a client reads one after the other, as Docker's classic builder would have written them. The
 * first stage that has not ended is heard at once; the others when it is their turn.
 */
export class BuildOutput {
  readonly #emit: BuildProgress;
  readonly #channels = new Map<number, Channel>();
  readonly #order: number[] = [];

  /** `stages`: those that will be heard, by number, in order. */
  constructor(emit: BuildProgress, stages: readonly number[]) {
    this.#emit = emit;
    for (const index of stages) {
      this.#order.push(index);
      this.#channels.set(index, new Channel((message) => this.#pass(index, message)));
    }
  }

  stage(index: number): StageOutput {
    const channel = this.#channels.get(index);
    if (!channel) throw new Error(`stage ${index} has no output`);
    return channel;
  }

  /** Nothing more comes from this stage. */
  end(index: number): void {
    const channel = this.#channels.get(index);
    if (channel) channel.ended = true;
    while (this.#order.length > 0) {
      const front = this.#channels.get(this.#order[0] as number) as Channel;
      this.#flush(front);
      if (!front.ended) return;
      this.#order.shift();
    }
  }

  /** A stage has failed: what it said comes now, whatever others have still to say. */
  failed(index: number): void {
    const channel = this.#channels.get(index);
    if (channel) this.#flush(channel);
    for (const other of this.#channels.values()) other.release();
  }

  #pass(index: number, message: JSONMessage): boolean {
    if (this.#order[0] !== index) return false;
    this.#emit(message);
    return true;
  }

  #flush(channel: Channel): void {
    for (const message of channel.release()) this.#emit(message);
  }
}
