import type { Ulimit } from '@pouch/api';
import type { PosixRlimit } from '@pouch/oci';
import { type HostFacts, mayRaiseLimits } from './host-facts.ts';

/** ulimit's names for the limits of setrlimit(2). */
export const RLIMITS: ReadonlyMap<string, string> = new Map(
  [
    'as',
    'core',
    'cpu',
    'data',
    'fsize',
    'locks',
    'memlock',
    'msgqueue',
    'nice',
    'nofile',
    'nproc',
    'rss',
    'rtprio',
    'rttime',
    'sigpending',
    'stack',
  ].map((name) => [name, `RLIMIT_${name.toUpperCase()}`] as const),
);

/** RLIM_INFINITY. */
const UNLIMITED = 2n ** 64n - 1n;

/** Ulimits as the runtime sets them: never above what the daemon itself may grant. */
export function buildRlimits(ulimits: readonly Ulimit[], host: HostFacts): PosixRlimit[] {
  return ulimits.flatMap(({ Name = '', Soft = 0, Hard = Soft }) => {
    const type = RLIMITS.get(Name);
    if (type === undefined) return [];
    const ceiling = mayRaiseLimits(host) ? UNLIMITED : (host.hardLimits[type] ?? UNLIMITED);
    const hard = lower(toLimit(Hard), ceiling);
    return [{ type, hard: plain(hard), soft: plain(lower(toLimit(Soft), hard)) }];
  });
}

function toLimit(value: number): bigint {
  return value < 0 ? UNLIMITED : BigInt(value);
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Numbers stay numbers where they are exact. */
function plain(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
