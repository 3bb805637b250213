import { PouchError } from '@pouch/base';

/** How fast bytes may pass, and how many at once. */
export interface Rate {
  /** Bits per second. */
  readonly bits: number;
  /** Bytes. */
  readonly burst: number;
}

/** Bits per second of tc(8)'s units; those that end in `bps` count bytes. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
};
const BURST_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, kb: 1024, m: 1024 ** 2, mb: 1024 ** 2 };
const SLOWEST = 8000;
const FASTEST = 100e9;
/** A packet must fit: less would let none through. */
const SMALLEST_BURST = 4096;
const LARGEST_BURST = 64 * 1024 ** 2;

/** `RATE[:BURST]`: `20mbit`, `2mbps:64k`; a rate without a unit is in bits per second. Throws invalid-argument. */
export function parseRate(text: string): Rate {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)(?::(\d+(?:\.\d+)?)([a-z]*))?$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  const burstUnit = BURST_UNITS[(match?.[4] ?? '').toLowerCase()];
  if (!match || unit === undefined || burstUnit === undefined) {
    throw new PouchError(
      'invalid-argument',
      `invalid rate: '${text}' (write RATE[:BURST], such as 20mbit or 2mbps:64k)`,
    );
  }
  const bits = Math.round(Number(match[1]) * unit);
  if (bits < SLOWEST || bits > FASTEST) {
    throw new PouchError('invalid-argument', `invalid rate: '${text}' (from 8kbit to 100gbit)`);
  }
  const burst = match[3] === undefined ? defaultBurst(bits) : Math.round(Number(match[3]) * burstUnit);
  if (burst < SMALLEST_BURST || burst > LARGEST_BURST) {
    throw new PouchError('invalid-argument', `invalid burst: '${text}' (from 4k to 64m)`);
  }
  return { bits, burst };
}

/** Ten milliseconds of it, which is what the timer's grain needs, and some full packets. */
function defaultBurst(bits: number): number {
  return Math.min(Math.max(Math.ceil(bits / 8 / 100), 16 * 1024), LARGEST_BURST);
}
