import { parseTime } from '@pouch/base';
import { demultiplex, type LogsOptions } from '@pouch/client';
import type { Session } from './session.ts';

export interface LogLine {
  readonly text: string;
  readonly stream: 'stdout' | 'stderr';
}

/** The lines of one container's log, whole ones; the last may lack its end. Returns at the end of the log. */
export async function readLog(
  session: Session,
  container: string,
  options: LogsOptions,
  sink: (line: LogLine) => void | Promise<void>,
): Promise<void> {
  const response = await session.client.containers.logs(
    container,
    { stdout: true, stderr: true, ...options },
    session.signal,
  );
  const lines = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  const take = async (stream: 'stdout' | 'stderr', data: Uint8Array): Promise<void> => {
    for (const text of lines[stream].take(data)) await sink({ stream, text });
  };
  if (response.headers.get('content-type') === 'application/vnd.docker.multiplexed-stream') {
    await demultiplex(response.body, take);
  } else for await (const chunk of response.body) await take('stdout', chunk);
  for (const stream of ['stdout', 'stderr'] as const) {
    const rest = lines[stream].end();
    if (rest !== '') await sink({ stream, text: rest });
  }
}

/** A line longer than this is given out in pieces. */
const MAX_LINE = 1024 * 1024;

class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = '';

  take(data: Uint8Array): string[] {
    this.#rest += this.#decoder.decode(data, { stream: true });
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  end(): string {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest;
  }
}

/** A moment of the API as `since` takes it; undefined for the zero time. */
export function sinceOf(time: string): string | undefined {
  const nanos = parseTime(time);
  if (nanos === undefined || nanos <= 0n) return undefined;
  return `${nanos / 1_000_000_000n}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}`;
}
