import type { Timestamp } from './generated/google/protobuf/timestamp.ts';

/** Go's zero time in seconds since the epoch: containerd sends it for "never". */
const GO_ZERO = -62_135_596_800n;

/** Nanoseconds since the epoch; undefined where there is no time, or Go's zero time. */
export function toNanos(time: Timestamp | undefined): bigint | undefined {
  if (!time || time.seconds === GO_ZERO) return undefined;
  return time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

export function fromNanos(nanos: bigint): Timestamp {
  return { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) };
}
