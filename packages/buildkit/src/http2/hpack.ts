import { PouchError } from '@pouch/base';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';

export type Header = readonly [name: string, value: string];

/** What an entry of the dynamic table counts beside its bytes (RFC 7541, section 4.1). */
const ENTRY_OVERHEAD = 32;
const DEFAULT_TABLE_SIZE = 4096;

/** Decodes the header blocks of one side of a connection, all of them and in their order (RFC 7541). */
export class HpackDecoder {
  /** The newest first. */
  readonly #dynamic: Header[] = [];
  #size = 0;
  #capacity = DEFAULT_TABLE_SIZE;
  #limit = DEFAULT_TABLE_SIZE;

  /** Bytes that the encoder may use for its table, as the other side's SETTINGS_HEADER_TABLE_SIZE allows it. */
  allow(bytes: number): void {
    this.#limit = Math.max(bytes, DEFAULT_TABLE_SIZE);
  }

  /** The headers of a block. Throws `invalid-argument` for one that breaks the rules: the connection is lost then. */
  decode(block: Uint8Array): Header[] {
    const reader = new BlockReader(block);
    const headers: Header[] = [];
    while (!reader.atEnd) {
      const first = reader.peek();
      if (first & 0x80) headers.push(this.#at(reader.integer(7)));
      else if ((first & 0xe0) === 0x20) this.#resize(reader.integer(5));
      else headers.push(this.#literal(reader, first));
    }
    return headers;
  }

  #literal(reader: BlockReader, first: number): Header {
    const indexed = (first & 0x40) !== 0;
    const index = reader.integer(indexed ? 6 : 4);
    const name = index === 0 ? reader.string() : this.#at(index)[0];
    const header: Header = [name, reader.string()];
    if (indexed) this.#insert(header);
    return header;
  }

  #at(index: number): Header {
    const header = STATIC_TABLE[index - 1] ?? this.#dynamic[index - 1 - STATIC_TABLE.length];
    if (!header) throw malformed(`index ${index} is not in the table`);
    return header;
  }

  #insert(header: Header): void {
    this.#dynamic.unshift(header);
    this.#size += sizeOf(header);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > this.#limit) throw malformed(`a table of ${bytes} bytes is larger than allowed`);
    this.#capacity = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#capacity) this.#size -= sizeOf(this.#dynamic.pop() as Header);
  }
}

class BlockReader {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.#at >= this.#block.length;
  }

  peek(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw malformed('it ends within a header');
    return byte;
  }

  /** An integer that begins in the last `bits` of the next byte (section 5.1). */
  integer(bits: number): number {
    const most = (1 << bits) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed('a number is too large');
  }

  /** Text, each byte a character (section 5.2). */
  string(): string {
    const isCoded = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    this.#at += length;
    if (bytes.length < length) throw malformed('it ends within a text');
    const text = isCoded ? decodeHuffman(bytes) : bytes;
    if (!text) throw malformed('a text is not Huffman coded');
    return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
  }

  #byte(): number {
    const byte = this.peek();
    this.#at += 1;
    return byte;
  }
}

/** A block that any decoder reads whatever came before, and that leaves no trace in its table. */
export function encodeLiterals(headers: Iterable<Header>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of headers) parts.push(Buffer.of(0), encodeText(name), encodeText(value));
  return Buffer.concat(parts);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 0x7f) length.push(bytes.length);
  else {
    length.push(0x7f);
    let rest = bytes.length - 0x7f;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) | 0x80);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function sizeOf([name, value]: Header): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

function malformed(what: string): PouchError {
  return new PouchError('invalid-argument', `a block of HTTP/2 headers is malformed: ${what}`);
}
