import type { ByteString } from './bytes.ts';
import { paxNumber } from './pax.ts';
import { damaged, number, size } from './tar-header.ts';

/** A piece of a sparse file that has content. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** A file with more pieces than this is somebody's attempt to fill our memory. */
export const MAX_EXTENTS = 100_000;

/** The four pieces that an old GNU sparse header holds (from byte 386), or the 21 of a block that continues it. */
export function gnuExtents(block: Buffer, start: number, count: number): Extent[] {
  const extents: Extent[] = [];
  for (let index = 0; index < count; index += 1) {
    const place = start + index * 24;
    if (block[place] === 0) break;
    extents.push({ offset: size(number(block, place, 12)), length: size(number(block, place + 12, 12)) });
  }
  return extents;
}

/** The list of GNU's pax formats 0.0 and 0.1: `offset,length,offset,length…`. */
export function paxExtents(records: ReadonlyMap<string, ByteString>): Extent[] | undefined {
  const map = records.get('GNU.sparse.map');
  if (map === undefined) return undefined;
  return pairs(map === '' ? [] : map.split(','));
}

/** Whether the content itself begins with the list (GNU's pax format 1.0). */
export function hasLeadingMap(records: ReadonlyMap<string, ByteString>): boolean {
  return paxNumber(records, 'GNU.sparse.major') === 1;
}

/** Numbers, one per line: how many pieces, then offset and length of each. Undefined while the text is not complete. */
export function leadingMap(data: Buffer): Extent[] | undefined {
  const lines = data.toString('latin1').split('\n');
  const count = Number(lines[0]);
  if (lines.length < 2) return undefined;
  if (!Number.isSafeInteger(count) || count < 0 || count > MAX_EXTENTS)
    throw damaged('a sparse file has too many pieces');
  if (lines.length < 2 + count * 2) return undefined;
  return pairs(lines.slice(1, 1 + count * 2));
}

export function checkExtents(extents: readonly Extent[], realSize: number): void {
  let end = 0;
  if (extents.length > MAX_EXTENTS) throw damaged('a sparse file has too many pieces');
  for (const { offset, length } of extents) {
    if (offset < end || offset + length > realSize) throw damaged('a sparse file has overlapping pieces');
    end = offset + length;
  }
}

function pairs(words: readonly string[]): Extent[] {
  if (words.length % 2 !== 0 || words.length > MAX_EXTENTS * 2) throw damaged('a sparse file has a malformed map');
  const extents: Extent[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const [offset = '', length = ''] = words.slice(index, index + 2);
    if (!/^\d+$/.test(offset) || !/^\d+$/.test(length)) throw damaged('a sparse file has a malformed map');
    extents.push({ offset: size(Number(offset)), length: size(Number(length)) });
  }
  return extents;
}
