import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { formatTimeFixed, nowNanos } from '@pouch/base';
import type { OutputChunk, StreamName } from '../container-service.ts';
import { decodeJsonLine, type JsonLogLine } from './json-log-entry.ts';
import type { FollowSource, LogReadOptions } from './log-driver.ts';
import { countLines, tailOffset } from './log-tail.ts';

const BLOCK = 128 * 1024;
/** Milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A log and its rotated files. */
export interface JsonLogFiles {
  readonly path: string;
  readonly maxFiles: number;
  /** Counts rotations: tells a reader which file is which. */
  readonly generation: number;
}

interface LogFile {
  readonly path: string;
  readonly compressed: boolean;
  readonly generation: number;
}

/** Read a json-file log, rotated files first, then follow it through later rotations. */
export async function* readJsonLog(
  driver: JsonLogFiles,
  options: LogReadOptions,
  follow: FollowSource,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  const batch = new Batch(options);
  const bound = endOfFollowing(options.until, signal);
  const start = await startingPoint(driver, options.tail);
  let generation = start.generation;
  let skip = start.skip;
  let offset = start.offset;
  while (!signal.aborted && !batch.pastUntil) {
    const file = fileOf(driver, generation);
    if (!file) {
      if (generation >= driver.generation) return;
      generation += 1;
      continue;
    }
    if (file.compressed) yield* readCompressed(file, skip, batch, signal);
    else {
      yield* readPlain(file, offset, batch, signal, {
        // The newest file is followed; an older one only read to its end.
        seen: () => follow.changes,
        more: async (seen) => {
          if (driver.generation > generation) return false;
          if (!options.follow || follow.ended) return false;
          await follow.changed(bound, seen);
          return !bound.aborted;
        },
      });
    }
    if (generation >= driver.generation) return;
    generation += 1;
    skip = 0;
    offset = 0;
  }
}

/** Following ends with the client, and when the moment of `until` has come, written to or not. */
function endOfFollowing(until: bigint | undefined, signal: AbortSignal): AbortSignal {
  if (until === undefined) return signal;
  const left = Number((until - nowNanos()) / 1_000_000n);
  return left > LONGEST_TIMER ? signal : AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, left))]);
}

function fileOf(driver: JsonLogFiles, generation: number): LogFile | undefined {
  const index = driver.generation - generation;
  const path = index === 0 ? driver.path : `${driver.path}.${index}`;
  if (existsSync(path)) return { path, compressed: false, generation };
  return existsSync(`${path}.gz`) ? { path: `${path}.gz`, compressed: true, generation } : undefined;
}

/** The oldest file, or where the last `tail` lines begin: an offset in a plain file, lines to skip in a compressed one. */
async function startingPoint(
  driver: JsonLogFiles,
  tail: number | undefined,
): Promise<{ generation: number; offset: number; skip: number }> {
  let missing = tail ?? Number.POSITIVE_INFINITY;
  let oldest = { generation: driver.generation, offset: 0, skip: 0 };
  for (let index = 0; index < driver.maxFiles; index += 1) {
    const file = fileOf(driver, driver.generation - index);
    if (!file) break;
    oldest = { generation: file.generation, offset: 0, skip: 0 };
    if (tail === undefined) continue;
    if (file.compressed) {
      const lines = await countLines(createReadStream(file.path).pipe(createGunzip()));
      if (lines >= missing) return { ...oldest, skip: lines - missing };
      missing -= lines;
    } else {
      const found = await tailOffset(file.path, missing);
      if (found.lines >= missing) return { ...oldest, offset: found.offset };
      missing -= found.lines;
    }
  }
  return oldest;
}

async function* readCompressed(
  file: LogFile,
  skip: number,
  batch: Batch,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  let left = skip;
  const lines = new LineBuffer();
  for await (const chunk of createReadStream(file.path).pipe(createGunzip()) as AsyncIterable<Buffer>) {
    for (const line of lines.push(chunk)) {
      if (left > 0) left -= 1;
      else batch.add(line);
    }
    if (signal.aborted || batch.pastUntil) return;
    yield* batch.take();
  }
  yield* batch.take();
}

async function* readPlain(
  file: LogFile,
  from: number,
  batch: Batch,
  signal: AbortSignal,
  source: { seen: () => number; more: (seen: number) => Promise<boolean> },
): AsyncGenerator<OutputChunk, void, undefined> {
  const handle: FileHandle = await open(file.path, 'r');
  const lines = new LineBuffer();
  const buffer = Buffer.allocUnsafe(BLOCK);
  let offset = from;
  let last = false;
  try {
    for (;;) {
      // Before the look: what is written while it is under way counts as a change.
      const seen = source.seen();
      const { bytesRead } = await handle.read(buffer, 0, BLOCK, offset);
      if (signal.aborted) return;
      if (bytesRead === 0) {
        if (last) return;
        // One more look after the end was signalled: the last lines may have come between.
        last = !(await source.more(seen));
        continue;
      }
      offset += bytesRead;
      for (const line of lines.push(buffer.subarray(0, bytesRead))) batch.add(line);
      yield* batch.take();
      if (batch.pastUntil) return;
    }
  } finally {
    await handle.close();
  }
}

/** Cuts a byte stream into text lines. */
class LineBuffer {
  #held: Buffer[] = [];

  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(10);
    if (end < 0) {
      this.#held.push(Buffer.from(chunk));
      return [];
    }
    const text = Buffer.concat([...this.#held, chunk.subarray(0, end)]).toString('utf8');
    this.#held = end + 1 < chunk.length ? [Buffer.from(chunk.subarray(end + 1))] : [];
    return text.split('\n');
  }
}

/** Lines that pass the options, rendered and joined into chunks of one stream each. */
class Batch {
  readonly #options: LogReadOptions;
  readonly #ready: { stream: StreamName; text: string }[] = [];
  pastUntil = false;

  constructor(options: LogReadOptions) {
    this.#options = options;
  }

  add(json: string): void {
    const line = decodeJsonLine(json);
    const options = this.#options;
    if (!line || this.pastUntil) return;
    if (options.until !== undefined && line.time > options.until) {
      this.pastUntil = true;
      return;
    }
    if (options.since !== undefined && line.time < options.since) return;
    if (!options[line.stream]) return;
    const text = this.#render(line);
    const previous = this.#ready.at(-1);
    if (previous?.stream === line.stream) previous.text += text;
    else this.#ready.push({ stream: line.stream, text });
  }

  #render(line: JsonLogLine): string {
    let prefix = '';
    if (this.#options.timestamps) prefix += `${formatTimeFixed(line.time)} `;
    if (this.#options.details) prefix += `${renderDetails(line.attrs)} `;
    return prefix + line.log;
  }

  *take(): Generator<OutputChunk, void, undefined> {
    for (const { stream, text } of this.#ready.splice(0)) yield { stream, data: Buffer.from(text, 'utf8') };
  }
}

function renderDetails(attributes: Readonly<Record<string, string>> = {}): string {
  return Object.keys(attributes)
    .sort()
    .map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(attributes[key] as string)}`)
    .join(',');
}
