import { PouchError } from '@pouch/base';

/** The types of frames (RFC 9113, section 6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Their flags, of which some types share bits. */
export const FLAG = { NONE: 0, ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

export const SETTING = { HEADER_TABLE_SIZE: 1, INITIAL_WINDOW_SIZE: 4, MAX_FRAME_SIZE: 5 } as const;

export const ERROR = { NO_ERROR: 0, CANCEL: 8 } as const;

/** Bytes and largest payload that hold until SETTINGS say otherwise (RFC 9113, section 6.5.2). */
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_FRAME_SIZE = 16_384;

/** What a client's connection begins with (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const HEAD = 9;
/** Bytes of a header block, with all its frames, at most. */
const MAX_BLOCK = 1 << 20;

/** One frame; a HEADERS frame comes with its CONTINUATIONs, between which nothing else may be sent. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** As on the wire, with the head. */
  readonly bytes: Buffer;
  /** Without padding and priority; of HEADERS, the whole block. */
  readonly payload: Buffer;
  /** Bytes that count for the windows, which padding does. */
  readonly flowSize: number;
}

/** Cuts a byte stream into frames, however the bytes are chunked. Only whole ones come out. */
export class FrameSplitter {
  /** Bytes of a payload at most: what the reader's SETTINGS_MAX_FRAME_SIZE says. */
  maxFrameSize = DEFAULT_FRAME_SIZE;
  #preface: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  /** A header block that goes on. */
  #block: { readonly first: Frame; readonly frames: Frame[]; size: number } | undefined;

  /** `preface`: what comes before the first frame. */
  constructor(preface: Buffer = Buffer.alloc(0)) {
    this.#preface = preface;
  }

  /** Take a chunk; gives the frames that are complete now. Throws `invalid-argument` for what breaks the protocol. */
  push(chunk: Buffer): Frame[] {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    bytes = bytes.subarray(this.#skipPreface(bytes));
    const frames: Frame[] = [];
    while (bytes.length >= HEAD) {
      const size = bytes.readUIntBE(0, 3);
      if (size > this.maxFrameSize) throw violation(`a frame of ${size} bytes`);
      const end = HEAD + size;
      if (bytes.length < end) break;
      const frame = this.#joined(parse(bytes.subarray(0, end)));
      if (frame) frames.push(frame);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return frames;
  }

  #skipPreface(bytes: Buffer): number {
    const length = Math.min(bytes.length, this.#preface.length);
    if (bytes.compare(this.#preface, 0, length, 0, length) !== 0) throw violation('it does not begin as HTTP/2 does');
    this.#preface = this.#preface.subarray(length);
    return length;
  }

  /** The frame, unless it is a part of a block that goes on. */
  #joined(frame: Frame): Frame | undefined {
    const block = this.#block;
    if (!block) {
      if (frame.type === FRAME.CONTINUATION) throw violation('a CONTINUATION that continues nothing');
      if (frame.type !== FRAME.HEADERS || frame.flags & FLAG.END_HEADERS) return frame;
      this.#block = { first: frame, frames: [frame], size: frame.bytes.length };
      return undefined;
    }
    if (frame.type !== FRAME.CONTINUATION || frame.stream !== block.first.stream) {
      throw violation('a frame within a header block');
    }
    block.frames.push(frame);
    block.size += frame.bytes.length;
    if (block.size > MAX_BLOCK) throw violation(`headers of more than ${MAX_BLOCK} bytes`);
    if (!(frame.flags & FLAG.END_HEADERS)) return undefined;
    this.#block = undefined;
    return {
      ...block.first,
      bytes: Buffer.concat(block.frames.map(({ bytes }) => bytes)),
      payload: Buffer.concat(block.frames.map(({ payload }) => payload)),
    };
  }
}

function parse(bytes: Buffer): Frame {
  const type = bytes[3] as number;
  const flags = bytes[4] as number;
  const stream = bytes.readUInt32BE(5) & 0x7fffffff;
  let payload = bytes.subarray(HEAD);
  const flowSize = payload.length;
  if (type === FRAME.PUSH_PROMISE) throw violation('a push, which nobody allowed');
  if (type === FRAME.WINDOW_UPDATE && flowSize !== 4) throw violation('a WINDOW_UPDATE that is not 4 bytes long');
  if ((type === FRAME.DATA || type === FRAME.HEADERS) && flags & FLAG.PADDED) {
    const padding = payload[0] ?? 0;
    if (padding >= flowSize) throw violation('more padding than payload');
    payload = payload.subarray(1, flowSize - padding);
  }
  if (type === FRAME.HEADERS && flags & FLAG.PRIORITY) payload = payload.subarray(5);
  return { type, flags, stream, bytes, payload, flowSize };
}

export type Setting = readonly [identifier: number, value: number];

/** What a SETTINGS frame sets; an acknowledgement sets nothing. */
export function settingsOf({ flags, payload }: Frame): Setting[] {
  const settings: Setting[] = [];
  if (flags & FLAG.ACK) return settings;
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    settings.push([payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]);
  }
  return settings;
}

export function encodeSettings(...settings: readonly Setting[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  for (const [at, [identifier, value]] of settings.entries()) {
    payload.writeUInt16BE(identifier, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  }
  return encodeFrame(FRAME.SETTINGS, FLAG.NONE, 0, payload);
}

export function encodeFrame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, HEAD);
  return bytes;
}

/** Bytes that a WINDOW_UPDATE adds. */
export function incrementOf({ payload }: Frame): number {
  return payload.readUInt32BE() & 0x7fffffff;
}

/** `stream` 0 is the connection. */
export function windowUpdate(stream: number, increment: number): Buffer {
  return encodeFrame(FRAME.WINDOW_UPDATE, FLAG.NONE, stream, word(increment));
}

export function resetStream(stream: number, error: number): Buffer {
  return encodeFrame(FRAME.RST_STREAM, FLAG.NONE, stream, word(error));
}

/** The answer to a PING. */
export function pong({ payload }: Frame): Buffer {
  return encodeFrame(FRAME.PING, FLAG.ACK, 0, payload);
}

/** Streams after `lastStream` have not been looked at. */
export function goAway(lastStream: number, error: number): Buffer {
  return encodeFrame(FRAME.GOAWAY, FLAG.NONE, 0, Buffer.concat([word(lastStream), word(error)]));
}

function word(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function violation(what: string): PouchError {
  return new PouchError('invalid-argument', `HTTP/2 was broken: ${what}`);
}
