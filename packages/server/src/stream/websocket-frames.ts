/** RFC 6455, section 5.2: what a frame is for. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Payload of a control frame at most (section 5.5). */
const CONTROL_LIMIT = 125;

export interface WebSocketPiece {
  readonly opcode: number;
  /** Unmasked. A data frame may come in several pieces; a control frame comes whole. */
  readonly data: Uint8Array;
}

/** A client broke the protocol; `code` goes into the close frame (section 7.4.1). */
export class WebSocketProtocolError extends Error {
  override readonly name = 'WebSocketProtocolError';
  readonly code = 1002;
}

/** A frame from the server: never masked. Its header, before a payload of `length` bytes. */
export function webSocketHeader(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  if (length < 65536) {
    const header = Buffer.from([0x80 | opcode, 126, 0, 0]);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/**
 * Takes a client's frames apart as bytes arrive, holding back no data frame until it is whole. Throws
 * WebSocketProtocolError on what the protocol forbids a client.
 */
export class WebSocketDecoder {
  #buffer: Buffer = Buffer.alloc(0);
  #opcode = 0;
  #mask: Buffer | undefined;
  #maskOffset = 0;
  #remaining = 0;
  #inMessage = false;

  *decode(chunk: Uint8Array): Generator<WebSocketPiece, void, undefined> {
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, chunk]) : Buffer.from(chunk);
    for (;;) {
      if (!this.#mask && !this.#readHeader()) return;
      const isControl = this.#opcode >= OPCODE.close;
      if (isControl && this.#buffer.length < this.#remaining) return;
      const data = this.#take(Math.min(this.#remaining, this.#buffer.length));
      if (data.length > 0 || isControl) yield { opcode: this.#opcode, data };
      if (this.#remaining > 0) return;
      this.#mask = undefined;
    }
  }

  #readHeader(): boolean {
    const buffer = this.#buffer;
    if (buffer.length < 2) return false;
    const first = buffer[0] as number;
    const second = buffer[1] as number;
    const short = second & 0x7f;
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + 4;
    this.#check(first, second, short);
    if (buffer.length < size) return false;
    const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
    if (!Number.isSafeInteger(length)) throw new WebSocketProtocolError('the frame is too long');
    const opcode = first & 0x0f;
    if (opcode < OPCODE.close) this.#inMessage = (first & 0x80) === 0;
    this.#opcode = opcode === OPCODE.continuation ? OPCODE.binary : opcode;
    this.#mask = buffer.subarray(size - 4, size);
    this.#maskOffset = 0;
    this.#remaining = length;
    this.#buffer = buffer.subarray(size);
    return true;
  }

  #check(first: number, second: number, short: number): void {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new WebSocketProtocolError('reserved bits are set');
    if ((second & 0x80) === 0) throw new WebSocketProtocolError('a client must mask its frames');
    if (opcode > OPCODE.pong || (opcode > OPCODE.binary && opcode < OPCODE.close)) {
      throw new WebSocketProtocolError(`the opcode ${opcode} is unknown`);
    }
    if (opcode >= OPCODE.close && (short > CONTROL_LIMIT || (first & 0x80) === 0)) {
      throw new WebSocketProtocolError('a control frame is too long or in fragments');
    }
    if (opcode < OPCODE.close && (opcode === OPCODE.continuation) !== this.#inMessage) {
      throw new WebSocketProtocolError('a fragment is out of order');
    }
  }

  #take(length: number): Uint8Array {
    const mask = this.#mask as Buffer;
    const data = Buffer.from(this.#buffer.subarray(0, length));
    for (let index = 0; index < length; index += 1) {
      data[index] = (data[index] as number) ^ (mask[(this.#maskOffset + index) & 3] as number);
    }
    this.#maskOffset = (this.#maskOffset + length) & 3;
    this.#remaining -= length;
    this.#buffer = this.#buffer.subarray(length);
    return data;
  }
}
