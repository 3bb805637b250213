/** The head of an HTTP/1.1 message. Names of headers are in small letters; of a header that comes twice, both count. */
export interface MessageHead {
  /** `GET /info HTTP/1.1`, or `HTTP/1.1 200 OK`. */
  readonly start: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface Message {
  readonly head: MessageHead;
  readonly body: Buffer;
  /** The body was longer than the limit; the rest of it is not here. */
  readonly truncated: boolean;
}

/** How long a body is, and what follows. */
export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** To the end of the connection. */
  | { readonly kind: 'close' }
  /** No more HTTP: the connection carries something else from here on. */
  | { readonly kind: 'raw' };

export interface MessageEvents {
  /** Bodies are wanted; else they are let go as they come. */
  readonly keepBodies: boolean;
  /** Decides about the body. */
  frame(head: MessageHead): Framing;
  onMessage(message: Message): void;
  /** A message whose body never ends, as far as it came. */
  onPart?(head: MessageHead, body: Buffer): void;
}

const HEAD_LIMIT = 1024 * 1024;
/** Bytes of a body that are kept. */
export const BODY_LIMIT = 8 * 1024 * 1024;

/**
 * Reads HTTP/1.1 messages of one direction out of bytes that go by, without having a part in the conversation. Throws on what
 * is no HTTP.
 */
export class MessageReader {
  readonly #events: MessageEvents;
  #buffer: Buffer = Buffer.alloc(0);
  #head: MessageHead | undefined;
  #framing: Framing = { kind: 'length', length: 0 };
  #body: Buffer[] = [];
  #size = 0;
  #left = 0;
  #raw = false;

  constructor(events: MessageEvents) {
    this.#events = events;
  }

  feed(data: Buffer): void {
    if (this.#raw) return;
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, data]) : data;
    while (!this.#raw && this.#step());
  }

  /** The connection has ended. */
  end(): void {
    if (!this.#head) return;
    if (this.#framing.kind === 'close') this.#finish();
    else this.#events.onPart?.(this.#head, this.#taken());
  }

  #step(): boolean {
    if (!this.#head) return this.#readHead();
    switch (this.#framing.kind) {
      case 'length':
        return this.#readExactly();
      case 'chunked':
        return this.#readChunk();
      case 'close':
        this.#keep(this.#buffer);
        this.#buffer = Buffer.alloc(0);
        return false;
      case 'raw':
        this.#finish();
        this.#raw = true;
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#buffer.length > HEAD_LIMIT) throw new Error('a head without an end');
      return false;
    }
    const [start = '', ...lines] = this.#buffer.subarray(0, end).toString('latin1').split('\r\n');
    if (!start.includes('HTTP/1.')) throw new Error(`no HTTP: ${start.slice(0, 80)}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
    }
    this.#buffer = this.#buffer.subarray(end + 4);
    this.#head = { start, headers };
    this.#framing = this.#events.frame(this.#head);
    this.#left = this.#framing.kind === 'length' ? this.#framing.length : -1;
    return true;
  }

  #readExactly(): boolean {
    const part = this.#buffer.subarray(0, this.#left);
    this.#keep(part);
    this.#left -= part.length;
    this.#buffer = this.#buffer.subarray(part.length);
    if (this.#left > 0) return false;
    this.#finish();
    return this.#buffer.length > 0;
  }

  #readChunk(): boolean {
    if (this.#left > 0) {
      const part = this.#buffer.subarray(0, this.#left);
      this.#keep(part);
      this.#left -= part.length;
      this.#buffer = this.#buffer.subarray(part.length);
      return this.#left === 0;
    }
    const start = this.#left === 0 ? 2 : 0;
    const end = this.#buffer.indexOf('\r\n', start);
    if (end < 0) return false;
    const size = Number.parseInt(this.#buffer.subarray(start, end).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    if (size > 0) {
      this.#buffer = this.#buffer.subarray(end + 2);
      this.#left = size;
      return true;
    }
    const last = this.#buffer.indexOf('\r\n', end + 2);
    if (last < 0) return false;
    this.#buffer = this.#buffer.subarray(last + 2);
    this.#finish();
    return this.#buffer.length > 0;
  }

  #keep(part: Buffer): void {
    if (this.#events.keepBodies && this.#size <= BODY_LIMIT) this.#body.push(Buffer.from(part));
    this.#size += part.length;
  }

  #taken(): Buffer {
    return Buffer.concat(this.#body).subarray(0, BODY_LIMIT);
  }

  #finish(): void {
    const head = this.#head;
    if (!head) return;
    const message = { head, body: this.#taken(), truncated: this.#size > BODY_LIMIT };
    this.#head = undefined;
    this.#body = [];
    this.#size = 0;
    this.#events.onMessage(message);
  }
}
