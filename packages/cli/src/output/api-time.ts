import { PouchError, parseDuration, parseTime } from '@pouch/base';

/**
 * A moment as the API takes it, in seconds since the epoch with a fraction: from RFC 3339 (also without seconds, time
 * or zone, then local), from seconds, or from a duration before now.
 */
export function apiTime(text: string, now: number = Date.now()): string {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const exact = parseTime(text);
  if (exact !== undefined) return seconds(exact);
  if (/^\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/.test(text)) {
    const zone = /(Z|[+-]\d\d:\d\d)$/.exec(text.slice(10))?.[0] ?? '';
    const [day = '', clock = ''] = text.slice(0, text.length - zone.length).split(/[T ]/);
    const [hour = '00', minute = '00', second = '00'] = clock === '' ? [] : clock.split(':');
    const milliseconds = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(milliseconds)) return seconds(BigInt(milliseconds) * 1_000_000n);
  }
  try {
    return seconds(BigInt(Math.round((now - parseDuration(text)) * 1e6)));
  } catch (error) {
    throw new PouchError(
      'invalid-argument',
      `invalid time: '${text}' (use 2026-01-02T15:04:05, or 10m for ten minutes ago)`,
      {
        cause: error,
      },
    );
  }
}

function seconds(nanoseconds: bigint): string {
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0');
  return `${nanoseconds / 1_000_000_000n}.${fraction}`;
}
