import { Packet } from '../generated/buildkit/session/fsutil.ts';
import type { PacketStream, PartialPacket } from './send-tree.ts';

/** One direction of a connection: what goes in comes out, encoded and decoded on the way. */
class Lane {
  readonly #queue: Packet[] = [];
  #wake: () => void = () => {};
  #ended = false;

  async send(packet: PartialPacket): Promise<void> {
    this.#queue.push(Packet.decode(Packet.encode(Packet.fromPartial(packet as Partial<Packet>)).finish()));
    this.#wake();
    await Promise.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *packets(): AsyncGenerator<Packet, void, undefined> {
    for (;;) {
      const packet = this.#queue.shift();
      if (packet) yield packet;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export interface Ends {
  readonly sender: PacketStream;
  readonly receiver: PacketStream;
  /** No more comes from either. */
  end(): void;
}

/** Two ends of a transfer. */
export function transfer(): Ends {
  const there = new Lane();
  const back = new Lane();
  return {
    sender: { packets: back.packets(), send: (packet) => there.send(packet) },
    receiver: { packets: there.packets(), send: (packet) => back.send(packet) },
    end: () => {
      there.end();
      back.end();
    },
  };
}
