import { PouchError } from '@pouch/base';

const HEADER = 5;

/** No answer of containerd's or BuildKit's comes near it; a longer one is a fault, and would only fill the memory. */
const MAX_MESSAGE = 64 << 20;

/** One gRPC message on the wire: a flag byte (0: not compressed), the length in four bytes, and the message. */
export function frame(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(HEADER + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, HEADER);
  return out;
}

/** Cuts a byte stream into gRPC messages, however the bytes are chunked. */
export class FrameDecoder {
  readonly #sender: string;
  #chunks: Buffer[] = [];
  #size = 0;

  /** Who sends, for the words of an error: `server`, or `client`. */
  constructor(sender: 'server' | 'client' = 'server') {
    this.#sender = sender;
  }

  /** Take a chunk; returns the messages that are complete now. */
  push(chunk: Buffer): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      if (this.#size < HEADER) return messages;
      const length = this.#nextLength();
      if (this.#size < HEADER + length) return messages;
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      messages.push(all.subarray(HEADER, HEADER + length));
      const rest = all.subarray(HEADER + length);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#size = rest.length;
    }
  }

  /** Whether a message has begun that did not end. */
  get isPartial(): boolean {
    return this.#size > 0;
  }

  #nextLength(): number {
    let head = this.#chunks[0] as Buffer;
    if (head.length < HEADER) {
      head = Buffer.concat(this.#chunks);
      this.#chunks = [head];
    }
    if (head[0] !== 0) throw this.#fault('a compressed message, which nobody asked for');
    const length = head.readUInt32BE(1);
    if (length > MAX_MESSAGE) throw this.#fault(`a message of ${length} bytes; the limit is ${MAX_MESSAGE}`);
    return length;
  }

  #fault(what: string): PouchError {
    const code = this.#sender === 'server' ? 'upstream' : 'invalid-argument';
    return new PouchError(code, `The ${this.#sender} sent ${what}.`);
  }
}
