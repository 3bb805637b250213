import type { ByteString } from './bytes.ts';
import { damaged } from './tar-header.ts';

/** Records of a pax extended header (POSIX.1-2001 pax, "Extended Header"): `length key=value\n`, the length in bytes. */
export function parsePax(data: Buffer): Map<string, ByteString> {
  const records = new Map<string, ByteString>();
  for (let start = 0; start < data.length; ) {
    const space = data.indexOf(32, start);
    const digits = space < 0 ? '' : data.toString('latin1', start, Math.min(space, start + 20));
    const end = start + Number(digits);
    if (!/^\d+$/.test(digits) || end > data.length || end <= space + 1 || data[end - 1] !== 10) {
      throw damaged('an extended header is malformed');
    }
    const equals = data.indexOf(61, space);
    if (equals < 0 || equals >= end) throw damaged('an extended header is malformed');
    const key = data.toString('utf8', space + 1, equals);
    const value = data.toString('latin1', equals + 1, end - 1);
    // GNU's first sparse format repeats two keys, one pair for each piece.
    const list = SPARSE_PIECE.has(key) ? records.get(SPARSE_MAP) : undefined;
    if (SPARSE_PIECE.has(key)) records.set(SPARSE_MAP, list === undefined ? value : `${list},${value}`);
    else records.set(key, value);
    start = end;
  }
  return records;
}

const SPARSE_MAP = 'GNU.sparse.map';
const SPARSE_PIECE: ReadonlySet<string> = new Set(['GNU.sparse.offset', 'GNU.sparse.numbytes']);

/** A decimal number of a record, or undefined where it is absent. */
export function paxNumber(records: ReadonlyMap<string, ByteString>, key: string): number | undefined {
  const value = records.get(key);
  if (value === undefined || value === '') return undefined;
  if (!/^-?\d{1,20}(\.\d{0,30})?$/.test(value)) throw damaged(`its extended header's ${key} is no number`);
  return Number(value);
}

const XATTR_PREFIX = 'SCHILY.xattr.';

export function paxXattrs(records: ReadonlyMap<string, ByteString>): Map<string, ByteString> {
  const xattrs = new Map<string, ByteString>();
  for (const [key, value] of records) {
    if (key.startsWith(XATTR_PREFIX)) xattrs.set(key.slice(XATTR_PREFIX.length), value);
  }
  return xattrs;
}
