import { PouchError } from './errors.ts';

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const RAM_SUFFIX: Record<string, number> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes from Docker's size notation (`512m`, `1.5g`, `100KiB`; powers of 1024). Throws invalid-argument. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtpb]?)(?:i?b)?$/i.exec(text.trim());
  const power = match ? RAM_SUFFIX[(match[2] ?? '').toLowerCase()] : undefined;
  if (!match || power === undefined) {
    throw new PouchError(
      'invalid-argument',
      `invalid size: '${text}' (use a number with b, k, m, g, t or p behind it)`,
    );
  }
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** Powers of 1000 with four significant digits, as Docker prints image sizes: `4.26MB`. */
export function formatBytes(bytes: number): string {
  return scale(bytes, 1000, DECIMAL, 4);
}

/** Powers of 1024 with four significant digits, as Docker prints memory: `128MiB`. */
export function formatBinaryBytes(bytes: number): string {
  return scale(bytes, 1024, BINARY, 4);
}

function scale(value: number, base: number, names: readonly string[], digits: number): string {
  let size = value;
  let index = 0;
  while (size >= base && index < names.length - 1) {
    size /= base;
    index += 1;
  }
  return `${Number(size.toPrecision(digits))}${names[index]}`;
}

const DURATION_UNIT: Record<string, number> = { ns: 1e-6, us: 1e-3, '\u00b5s': 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** Milliseconds from Go's duration notation (`1h30m`, `500ms`). Throws invalid-argument. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  let total = 0;
  while (rest) {
    const match = /^(\d*\.?\d+|\d+\.)(ns|us|\u00b5s|ms|s|m|h)/.exec(rest);
    if (!match) throw new PouchError('invalid-argument', `invalid duration: '${text}' (examples: 10s, 1m30s, 500ms)`);
    total += Number(match[1]) * (DURATION_UNIT[match[2] as string] as number);
    rest = rest.slice(match[0].length);
  }
  if (text.replace(/^[+-]/, '') === '') throw new PouchError('invalid-argument', `invalid duration: '${text}'`);
  return sign * total;
}

/** RFC 3339 in UTC with nanoseconds, trailing zeros dropped as Go does: `2026-01-02T03:04:05.123456789Z`. */
export function formatTime(nanoseconds: bigint): string {
  const second = 1_000_000_000n;
  const seconds = nanoseconds / second;
  const fraction = (nanoseconds % second).toString().padStart(9, '0').replace(/0+$/, '');
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${base}${fraction ? `.${fraction}` : ''}Z`;
}

/** RFC 3339 in UTC with all nine digits of the fraction, as Docker prints log timestamps. */
export function formatTimeFixed(nanoseconds: bigint): string {
  const second = 1_000_000_000n;
  const base = new Date(Number(nanoseconds / second) * 1000).toISOString().slice(0, 19);
  return `${base}.${(nanoseconds % second).toString().padStart(9, '0')}Z`;
}

/** Nanoseconds since the epoch from RFC 3339 (any offset, up to nine fractional digits), or undefined. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\d*([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${match[4]?.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt((match[3] ?? '').padEnd(9, '0'));
}

const CLOCK_OFFSET = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let lastNow = 0n;

/** Wall-clock nanoseconds since the epoch, strictly increasing within this process. */
export function nowNanos(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  let now = process.hrtime.bigint() + CLOCK_OFFSET;
  if (now - wall > 1_000_000_000n || wall - now > 1_000_000_000n) now = wall;
  lastNow = now > lastNow ? now : lastNow + 1n;
  return lastNow;
}

/** Docker's zero time: what a field says when it never happened. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';
