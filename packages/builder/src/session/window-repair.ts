const PREFACE = 24;
const HEADER = 9;
const DEFAULT_WINDOW = 65_535;
const HEADERS = 1;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const ACK = 1;
const INITIAL_WINDOW_SIZE = 4;

/**
 * Adds to what an HTTP/2 client sends what Bun's server (1.4) does not do by itself: when the client makes the initial window
 * larger, the windows of streams that are open grow by the difference (RFC 9113, 6.9.2). gRPC for Go does so once it knows
 * how fast the connection is, and a transfer would stand still. A WINDOW_UPDATE behind the settings says the same.
 */
export class WindowRepair {
  readonly #streams = new Set<number>();
  #window = DEFAULT_WINDOW;
  /** Bytes that are looked at by nobody. */
  #skip = PREFACE;
  #pending: Buffer = Buffer.alloc(0);

  /** The bytes that the server is to have. */
  take(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    while (rest.length > 0) {
      const length = this.#skip > 0 ? Math.min(this.#skip, rest.length) : this.#frame(rest);
      if (length === 0) {
        this.#pending = rest;
        break;
      }
      const taken = rest.subarray(0, length);
      out.push(taken);
      if (this.#skip > 0) this.#skip -= length;
      else out.push(...this.#look(taken));
      rest = rest.subarray(length);
    }
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  /** How much of these bytes can go on: a whole header, or a whole frame of settings; 0 when more must come first. */
  #frame(bytes: Buffer): number {
    if (bytes.length < HEADER) return 0;
    const length = bytes.readUIntBE(0, 3);
    if (bytes[3] !== SETTINGS) return HEADER;
    return bytes.length < HEADER + length ? 0 : HEADER + length;
  }

  #look(taken: Buffer): Buffer[] {
    const [type, flags = 0] = taken.subarray(3, 5);
    if (type !== SETTINGS) {
      if (type === HEADERS) this.#streams.add(taken.readUInt32BE(5));
      this.#skip = taken.readUIntBE(0, 3);
      return [];
    }
    if (flags & ACK) return [];
    let window = this.#window;
    for (let at = HEADER; at + 6 <= taken.length; at += 6) {
      if (taken.readUInt16BE(at) === INITIAL_WINDOW_SIZE) window = taken.readUInt32BE(at + 2);
    }
    const growth = window - this.#window;
    this.#window = window;
    return growth > 0 ? [...this.#streams].map((stream) => windowUpdate(stream, growth)) : [];
  }
}

function windowUpdate(stream: number, growth: number): Buffer {
  const frame = Buffer.alloc(HEADER + 4);
  frame.writeUIntBE(4, 0, 3);
  frame[3] = WINDOW_UPDATE;
  frame.writeUInt32BE(stream, 5);
  frame.writeUInt32BE(growth, HEADER);
  return frame;
}
