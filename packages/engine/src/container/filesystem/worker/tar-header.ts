import { PouchError } from '@pouch/base';
import type { ByteString } from './bytes.ts';

export const BLOCK = 512;

export type EntryType = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** One entry of an archive, with what extended headers said about it. */
export interface TarEntry {
  readonly type: EntryType;
  readonly name: ByteString;
  readonly linkName: ByteString;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, with a fraction. */
  readonly mtime: number;
  /** Bytes of content; of a sparse file its whole length. */
  readonly size: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, ByteString>;
}

/** A header block as it stands in the archive. */
export interface RawHeader {
  readonly typeFlag: string;
  readonly name: ByteString;
  readonly linkName: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

export function damaged(what: string): PouchError {
  return new PouchError('invalid-argument', `The archive is damaged: ${what}.`);
}

/** Undefined for a block of zeros, which ends the archive. Throws invalid-argument where the checksum is wrong. */
export function parseHeader(block: Buffer): RawHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const magic = block.toString('latin1', 257, 265);
  const posix = magic.startsWith('ustar\0');
  const known = posix || magic.startsWith('ustar ');
  const prefix = posix ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    typeFlag: block.toString('latin1', 156, 157),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: size(number(block, 124, 12)),
    mtime: number(block, 136, 12),
    deviceMajor: known ? number(block, 329, 8) : 0,
    deviceMinor: known ? number(block, 337, 8) : 0,
  };
}

export function size(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw damaged('an entry has an impossible size');
  return value;
}

/** Sum of the bytes with the checksum's own field as blanks; some old writers summed signed bytes. */
function checkSum(block: Buffer): void {
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    const byte = index >= 148 && index < 156 ? 32 : (block[index] as number);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = number(block, 148, 8);
  if (stated !== unsigned && stated !== signed) throw damaged('a header has a wrong checksum (is it a tar archive?)');
}

export function text(block: Buffer, start: number, length: number): ByteString {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/** Octal digits, or with the first bit set a big-endian number in two's complement (GNU). */
export function number(block: Buffer, start: number, length: number): number {
  const first = block[start] as number;
  if ((first & 0x80) === 0) {
    const digits = text(block, start, length).trim();
    if (digits === '') return 0;
    if (!/^-?[0-7]+$/.test(digits)) throw damaged('a header holds a number that is none');
    return Number.parseInt(digits, 8);
  }
  const negative = (first & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let index = 0; index < length; index += 1) {
    const byte = block[start + index] as number;
    const bits = index === 0 ? BigInt(negative ? byte | 0x80 : byte & 0x7f) : BigInt(byte);
    value = index === 0 && negative ? bits - 256n : value * 256n + bits;
  }
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw damaged('a header holds a number that is too big');
  return result;
}
