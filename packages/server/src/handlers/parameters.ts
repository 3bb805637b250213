import type { Platform } from '@pouch/api';
import { nowNanos, parseDuration, parseTime, PouchError } from '@pouch/base';

/**
 * Nanoseconds since the epoch from Docker's notations: seconds since the epoch with up to nine digits behind the point,
 * RFC 3339, or a duration before now. Undefined for none and for 0. Throws `invalid-argument`.
 */
export function parseTimestamp(text: string | undefined, name: string): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match) {
    const value = BigInt(match[2] as string) * 1_000_000_000n + BigInt((match[3] ?? '').padEnd(9, '0'));
    if (value === 0n) return undefined;
    return match[1] === '-' ? -value : value;
  }
  const time = parseTime(text);
  if (time !== undefined) return time;
  try {
    return nowNanos() - BigInt(Math.round(parseDuration(text) * 1e6));
  } catch (error) {
    throw new PouchError(
      'invalid-argument',
      `invalid value for "${name}": ${JSON.stringify(text.slice(0, 64))} (use seconds since the epoch, RFC 3339, or a duration)`,
      { cause: error },
    );
  }
}

/** Lines from the end, or undefined for all: Docker takes whatever is no number for `all`. */
export function parseTail(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A platform as `os/architecture/variant`. */
export function platformText(platform: Platform | undefined): string | undefined {
  if (!platform) return undefined;
  const parts = [platform.os, platform.architecture, platform.variant].filter((part) => part);
  return parts.length > 0 ? parts.join('/') : undefined;
}

/** The one platform of a list. Throws `invalid-argument` for several. */
export function onePlatform(platforms: readonly Platform[] | undefined): string | undefined {
  if (platforms && platforms.length > 1) {
    throw new PouchError('invalid-argument', 'several platforms were given, and only one can be used at a time');
  }
  return platformText(platforms?.[0]);
}

/** Rows and columns of a terminal. Throws `invalid-argument` for what no terminal can be. */
export function terminalSize(query: { readonly h: number; readonly w: number }): { height: number; width: number } {
  for (const [name, value] of [
    ['height', query.h],
    ['width', query.w],
  ] as const) {
    if (value < 0 || value > 65535) {
      throw new PouchError('invalid-argument', `invalid terminal ${name}: ${value} (0 to 65535)`);
    }
  }
  return { height: query.h, width: query.w };
}

/** `key: value` only where there is a value: what `exactOptionalPropertyTypes` wants of optional arguments. */
export function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): { [K in keyof T]?: T[K] } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: T[K];
  };
}
