import { formatTime, parseTime } from '@pouch/base';
import type { StreamName } from '../container-service.ts';
import type { LogEntry } from './log-driver.ts';

/** Docker's json-file line: {"log":"text\n","stream":"stdout","attrs":{…},"time":"RFC 3339"} */
export interface JsonLogLine {
  readonly log: string;
  readonly stream: StreamName;
  readonly time: bigint;
  readonly attrs?: Readonly<Record<string, string>>;
}

/** `attributes` is the ready JSON of the attrs object, or ''. */
export function encodeJsonLine(entry: LogEntry, attributes: string): string {
  const text = Buffer.from(entry.data.buffer, entry.data.byteOffset, entry.data.byteLength).toString('utf8');
  const attrs = attributes === '' ? '' : `,"attrs":${attributes}`;
  return `{"log":${JSON.stringify(text)},"stream":"${entry.stream}"${attrs},"time":"${formatTime(entry.time)}"}\n`;
}

/** Undefined for a line that is not one of ours: a torn or foreign line is passed over, not fatal. */
export function decodeJsonLine(line: string): JsonLogLine | undefined {
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const time = typeof value.time === 'string' ? parseTime(value.time) : undefined;
    if (typeof value.log !== 'string' || time === undefined) return undefined;
    return {
      log: value.log,
      stream: value.stream === 'stderr' ? 'stderr' : 'stdout',
      time,
      ...(typeof value.attrs === 'object' && value.attrs && { attrs: value.attrs as Record<string, string> }),
    };
  } catch {
    return undefined;
  }
}
