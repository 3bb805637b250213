import { encodeFrame, frameHeader } from '@pouch/api';
import type { OutputChunk } from '@pouch/engine';

/** Below this a frame is copied into one buffer; above, header and payload go out apart. */
const COPY_LIMIT = 4096;
/** Docker's readers take frames of this size without growing their buffers. */
const FRAME_LIMIT = 64 * 1024;

/** A piece of output as it goes over the wire. */
export function* encodeOutput(chunk: OutputChunk, multiplexed: boolean): Generator<Uint8Array, void, undefined> {
  if (!multiplexed) {
    yield chunk.data;
    return;
  }
  for (let offset = 0; offset < chunk.data.byteLength; offset += FRAME_LIMIT) {
    const data = chunk.data.subarray(offset, offset + FRAME_LIMIT);
    if (data.byteLength <= COPY_LIMIT) {
      yield encodeFrame(chunk.stream, data);
    } else {
      yield frameHeader(chunk.stream, data.byteLength);
      yield data;
    }
  }
}

/** Output as bytes for an HTTP response. */
export async function* wireBytes(
  output: AsyncIterable<OutputChunk>,
  multiplexed: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of output) yield* encodeOutput(chunk, multiplexed);
}
