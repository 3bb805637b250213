import { PouchError } from '@pouch/base';

export type StdStream = 'stdin' | 'stdout' | 'stderr' | 'systemerr';

const STREAMS: readonly StdStream[] = ['stdin', 'stdout', 'stderr', 'systemerr'];
const HEADER = 8;

/**
 * Take apart Docker's multiplexed stream: frames of [stream, 0, 0, 0, length as 32-bit big endian] and that many bytes.
 * A frame's bytes are passed on as they arrive, so a huge frame costs no memory.
 */
export async function demultiplex(
  source: AsyncIterable<Uint8Array>,
  write: (stream: 'stdout' | 'stderr', data: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const header = new Uint8Array(HEADER);
  let filled = 0;
  let remaining = 0;
  let stream: StdStream = 'stdout';
  let failure: Uint8Array[] | undefined;
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (remaining === 0) {
        const taken = Math.min(HEADER - filled, chunk.length - at);
        header.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < HEADER) break;
        filled = 0;
        stream = streamOf(header[0] as number);
        remaining = new DataView(header.buffer).getUint32(4);
        continue;
      }
      const data = chunk.subarray(at, at + remaining);
      at += data.length;
      remaining -= data.length;
      if (stream === 'systemerr') (failure ??= []).push(data);
      else await write(stream === 'stderr' ? 'stderr' : 'stdout', data);
    }
  }
  if (failure)
    throw new PouchError('internal', `error from daemon in stream: ${Buffer.concat(failure).toString('utf8')}`);
  if (remaining > 0 || filled > 0)
    throw new PouchError('unavailable', 'The daemon closed a stream in the middle of a frame.');
}

function streamOf(id: number): StdStream {
  const stream = STREAMS[id];
  if (!stream) throw new PouchError('upstream', `unrecognized stream: ${id}`);
  return stream;
}
