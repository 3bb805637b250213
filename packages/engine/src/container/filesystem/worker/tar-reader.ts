import { PouchError } from '@pouch/base';
import type { ByteString } from './bytes.ts';
import { parsePax, paxNumber, paxXattrs } from './pax.ts';
import { checkExtents, type Extent, gnuExtents, hasLeadingMap, leadingMap, paxExtents } from './sparse-map.ts';
import { BLOCK, damaged, type EntryType, parseHeader, type RawHeader, size, type TarEntry } from './tar-header.ts';

/** What is told about an archive while it is read, all of it in order. */
export interface TarSink {
  begin(entry: TarEntry): void;
  /** A piece of the file's content that belongs at `offset`. The bytes are the reader's: use them before returning. */
  data(bytes: Uint8Array, offset: number): void;
  end(): void;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** Extended headers are held in memory: names and attributes beyond this are nobody's honest archive. */
const MAX_EXTENDED = 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

/** Where the reader stands: in a header, in an extended header's content, in a file's content, or behind the end. */
type State = 'header' | 'sparse-header' | 'extended' | 'sparse-map' | 'content' | 'padding' | 'ended';

/**
 * Reads a tar archive that is pushed into it piece by piece: ustar, pax, GNU and old V7 headers, sparse files in GNU's formats.
 * Written for archives that nobody vouches for: holds one header and at most 1 MiB of extended headers, whatever comes. Names
 * and attribute values stay bytes, which is why a reader that decodes them as UTF-8 would not do.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = 'header';
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Bytes of the current state still to come, with `#padding` behind them. */
  #left = 0;
  #padding = 0;
  #pending: RawHeader | undefined;
  #pax = new Map<string, ByteString>();
  #longName: ByteString | undefined;
  #longLink: ByteString | undefined;
  #entry: TarEntry | undefined;
  /** Pieces of a sparse file still to come, the next one last. */
  #extents: Extent[] | undefined;
  #position = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0 && this.#state !== 'ended') rest = rest.subarray(this.#take(rest));
  }

  /** The archive has ended. Throws invalid-argument in the middle of an entry. */
  close(): void {
    const between = this.#state === 'header' && this.#heldLength === 0 && this.#pax.size === 0;
    if (this.#state !== 'ended' && !between) throw damaged('it ends too early (unexpected EOF)');
  }

  /** Use up some of the bytes; how many. */
  #take(bytes: Buffer): number {
    if (this.#state === 'content') return this.#content(bytes);
    if (this.#state === 'padding') {
      const used = Math.min(bytes.length, this.#padding);
      this.#padding -= used;
      if (this.#padding === 0) this.#state = 'header';
      return used;
    }
    const wanted = this.#state === 'extended' ? this.#left : BLOCK - (this.#heldLength % BLOCK);
    const used = Math.min(bytes.length, this.#state === 'extended' ? wanted - this.#heldLength : wanted);
    if (used > 0) {
      this.#held.push(Buffer.from(bytes.subarray(0, used)));
      this.#heldLength += used;
    }
    if (this.#state === 'extended') {
      if (this.#heldLength === this.#left) this.#extended(this.#release());
    } else if (this.#heldLength % BLOCK === 0) {
      if (this.#state === 'header') this.#header(this.#release());
      else if (this.#state === 'sparse-header') this.#sparseHeader(this.#release());
      else this.#sparseMap();
    }
    return used;
  }

  #release(): Buffer {
    const all = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldLength = 0;
    return all;
  }

  #header(block: Buffer): void {
    const header = parseHeader(block);
    if (!header) {
      this.#state = 'ended';
      return;
    }
    if ('xgLK'.includes(header.typeFlag)) {
      if (header.size > MAX_EXTENDED)
        throw new PouchError('too-large', 'The archive has an extended header beyond 1 MiB.');
      this.#pending = header;
      this.#left = header.size;
      this.#padding = paddingOf(header.size);
      this.#state = 'extended';
      if (header.size === 0) this.#extended(Buffer.alloc(0));
      return;
    }
    this.#pending = header;
    if (header.typeFlag !== 'S') return this.#begin(header, paxExtents(this.#pax), undefined);
    this.#extents = gnuExtents(block, 386, 4);
    this.#left = size(sparseSize(block));
    if (block[482] === 0) this.#begin(header, this.#extents, this.#left);
    else this.#state = 'sparse-header';
  }

  #sparseHeader(block: Buffer): void {
    const extents = [...(this.#extents ?? []), ...gnuExtents(block, 0, 21)];
    checkExtents(extents, this.#left);
    this.#extents = extents;
    if (block[504] === 0) this.#begin(this.#pending as RawHeader, extents, this.#left);
  }

  #extended(data: Buffer): void {
    const { typeFlag } = this.#pending as RawHeader;
    if (typeFlag === 'x') this.#pax = parsePax(data);
    else if (typeFlag === 'L') this.#longName = upToNul(data);
    else if (typeFlag === 'K') this.#longLink = upToNul(data);
    // A global header ('g') holds comments in practice (git writes one); nothing in it may change entries here.
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #begin(header: RawHeader, extents: Extent[] | undefined, realSize: number | undefined): void {
    const pax = this.#pax;
    const type = TYPES[header.typeFlag];
    if (!type || !Object.hasOwn(TYPES, header.typeFlag)) {
      throw new PouchError('invalid-argument', `The archive has an entry of the unknown type '${header.typeFlag}'.`);
    }
    const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? this.#longName ?? header.name;
    const linkName = pax.get('linkpath') ?? this.#longLink ?? header.linkName;
    if (name.includes('\0') || linkName.includes('\0')) throw damaged('a name holds a NUL byte');
    const stored = size(paxNumber(pax, 'size') ?? header.size);
    const sparse = paxNumber(pax, 'GNU.sparse.realsize') ?? paxNumber(pax, 'GNU.sparse.size') ?? realSize;
    const isDirectory = type === 'directory' || (type === 'file' && name.endsWith('/'));
    // Links, devices and directories may state a size; only files have content.
    const content = type === 'file' && !isDirectory ? stored : 0;
    this.#entry = {
      type: isDirectory ? 'directory' : type,
      name,
      linkName,
      mode: header.mode,
      uid: id(paxNumber(pax, 'uid') ?? header.uid),
      gid: id(paxNumber(pax, 'gid') ?? header.gid),
      mtime: paxNumber(pax, 'mtime') ?? header.mtime,
      size: size(sparse ?? stored),
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: paxXattrs(pax),
    };
    this.#left = content;
    this.#padding = paddingOf(content);
    this.#position = 0;
    if (extents) checkExtents(extents, this.#entry.size);
    this.#extents = extents?.toReversed();
    this.#sink.begin(this.#entry);
    this.#state = 'content';
    if (hasLeadingMap(pax)) this.#state = 'sparse-map';
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    if (this.#state === 'content' && this.#left === 0) this.#finish();
  }

  /** GNU's pax format 1.0: the content begins with the map, filled up to a whole block. */
  #sparseMap(): void {
    if (this.#heldLength > MAX_EXTENDED * 2 || this.#heldLength > this.#left + BLOCK)
      throw damaged('a sparse file has a malformed map');
    const extents = leadingMap(Buffer.concat(this.#held));
    if (!extents) return;
    checkExtents(extents, (this.#entry as TarEntry).size);
    this.#left = size(this.#left - this.#heldLength);
    this.#release();
    this.#extents = extents.toReversed();
    this.#state = 'content';
    if (this.#left === 0) this.#finish();
  }

  #content(bytes: Buffer): number {
    const used = Math.min(bytes.length, this.#left);
    this.#pass(bytes.subarray(0, used));
    this.#left -= used;
    if (this.#left === 0) this.#finish();
    return used;
  }

  #pass(bytes: Buffer): void {
    if (!this.#extents) {
      this.#sink.data(bytes, this.#position);
      this.#position += bytes.length;
      return;
    }
    // The content of a sparse file is that of its pieces, one behind the other.
    let rest = bytes;
    while (rest.length > 0) {
      const extent = this.#extents.at(-1);
      if (!extent) throw damaged('a sparse file has more content than its map says');
      const used = Math.min(rest.length, extent.length);
      if (used > 0) this.#sink.data(rest.subarray(0, used), extent.offset);
      rest = rest.subarray(used);
      const remaining = { offset: extent.offset + used, length: extent.length - used };
      this.#extents.pop();
      if (remaining.length > 0) this.#extents.push(remaining);
    }
  }

  #finish(): void {
    this.#entry = undefined;
    this.#sink.end();
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }
}

function paddingOf(length: number): number {
  return (BLOCK - (length % BLOCK)) % BLOCK;
}

function upToNul(data: Buffer): ByteString {
  const end = data.indexOf(0);
  return data.toString('latin1', 0, end < 0 ? data.length : end);
}

function id(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > MAX_ID) throw damaged('an entry has an impossible owner');
  return value;
}

function sparseSize(block: Buffer): number {
  const digits = block.toString('latin1', 483, 495);
  return (block[483] as number) & 0x80
    ? Number(block.readBigUInt64BE(487))
    : Number.parseInt(digits.replace(/[\0 ]+$/, '') || '0', 8);
}
