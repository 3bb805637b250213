import { PouchError } from '@pouch/base';

/** A terminal's bytes as they are. */
export const RAW_STREAM = 'application/vnd.docker.raw-stream';
/** Standard output and error in frames of eight bytes and a payload. */
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** `system` carries an error of the daemon's in the midst of the stream. */
export const STREAM_TYPES = ['stdin', 'stdout', 'stderr', 'system'] as const;
export type StreamType = (typeof STREAM_TYPES)[number];

export const FRAME_HEADER_SIZE = 8;
/** A frame that says it is larger is taken for garbage. Docker's own never pass 64 KiB; logs with one long line may. */
export const MAX_FRAME_SIZE = 64 * 1024 * 1024;

/** The header before a payload of `length` bytes: type, three zeros, length in big-endian. */
export function frameHeader(type: StreamType, length: number): Buffer {
  if (!Number.isInteger(length) || length < 0 || length > 0xffff_ffff) {
    throw new PouchError('internal', `A frame of ${length} bytes cannot be encoded.`);
  }
  const header = Buffer.alloc(FRAME_HEADER_SIZE);
  header[0] = STREAM_TYPES.indexOf(type);
  header.writeUInt32BE(length, 4);
  return header;
}

/** Header and payload in one buffer. For large payloads write both apart instead and save the copy. */
export function encodeFrame(type: StreamType, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(type, payload.byteLength), payload]);
}

/** A piece of a frame's payload; a large frame comes in several. It views the chunk it came in: copy it to keep it. */
export interface FramePiece {
  readonly type: StreamType;
  readonly data: Uint8Array;
}

/**
 * Takes frames apart, however they were cut on the way, without holding a payload back until it is whole. Throws `upstream`
 * on bytes that are no frame; the decoder is useless from then on.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(FRAME_HEADER_SIZE);
  readonly #maxFrameSize: number;
  #headerLength = 0;
  #remaining = 0;
  #type: StreamType = 'stdout';

  constructor(maxFrameSize = MAX_FRAME_SIZE) {
    this.#maxFrameSize = maxFrameSize;
  }

  *decode(chunk: Uint8Array): Generator<FramePiece, void, undefined> {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#remaining > 0) {
        const data = chunk.subarray(offset, offset + this.#remaining);
        this.#remaining -= data.byteLength;
        offset += data.byteLength;
        yield { type: this.#type, data };
        continue;
      }
      const part = chunk.subarray(offset, offset + FRAME_HEADER_SIZE - this.#headerLength);
      this.#header.set(part, this.#headerLength);
      this.#headerLength += part.byteLength;
      offset += part.byteLength;
      if (this.#headerLength === FRAME_HEADER_SIZE) this.#readHeader();
    }
  }

  /** Call at the end of the stream. Throws `upstream` when it ended within a frame. */
  end(): void {
    if (this.#headerLength > 0 || this.#remaining > 0) {
      throw new PouchError('upstream', 'The stream of output ended in the middle of a frame.');
    }
  }

  #readHeader(): void {
    this.#headerLength = 0;
    const type = STREAM_TYPES[this.#header[0] as number];
    const length = this.#header.readUInt32BE(4);
    if (type === undefined || this.#header[1] !== 0 || this.#header[2] !== 0 || this.#header[3] !== 0) {
      throw new PouchError(
        'upstream',
        `The stream of output is not framed: its header is ${this.#header.toString('hex')}.`,
      );
    }
    if (length > this.#maxFrameSize) {
      throw new PouchError('upstream', `A frame of ${length} bytes is larger than the ${this.#maxFrameSize} allowed.`);
    }
    this.#type = type;
    this.#remaining = length;
  }
}
