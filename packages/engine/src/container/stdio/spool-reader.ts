import type { OutputChunk, StreamName } from '../container-service.ts';
import { STREAMS, type Spool, SpoolFile } from './spool.ts';
import type { SpoolHold, SpoolPump } from './spool-pump.ts';

const CHUNK = 64 * 1024;

/**
 * Live output for one client, straight from the spool at the client's own pace: a slow one costs disk space, never
 * memory, and holds nobody else back.
 */
export async function* readSpool(
  spool: Spool,
  pump: SpoolPump,
  from: Readonly<Record<StreamName, number>>,
  wanted: readonly StreamName[],
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  using resources = new DisposableStack();
  const files = new Map<StreamName, SpoolFile>();
  for (const stream of STREAMS) {
    if (wanted.includes(stream)) files.set(stream, resources.use(new SpoolFile(spool.path(stream), from[stream])));
  }
  const hold: SpoolHold = {
    offset: (stream) => files.get(stream)?.offset ?? Number.MAX_SAFE_INTEGER,
    [Symbol.dispose]: () => pump.release(hold),
  };
  pump.hold(resources.use(hold));
  while (!signal.aborted) {
    const ended = pump.ended;
    const next = waitFor(pump, signal);
    let count = 0;
    for (const [stream, file] of files) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(file.pending, 1)));
      const read = file.read(buffer);
      count += read;
      if (read > 0) yield { stream, data: buffer.subarray(0, read) };
    }
    if (count === 0 && ended) {
      next.cancel();
      return;
    }
    if (count > 0) next.cancel();
    else await next.promise;
  }
}

/** Subscribed before the files are looked at, so that nothing written between look and wait is missed. */
function waitFor(pump: SpoolPump, signal: AbortSignal): { promise: Promise<void>; cancel: () => void } {
  const controller = new AbortController();
  const promise = pump.changed(AbortSignal.any([signal, controller.signal]));
  return { promise, cancel: () => controller.abort() };
}
