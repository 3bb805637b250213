import { PouchError } from '@pouch/base';
import type { ByteString } from './bytes.ts';
import { parsePax, paxNumber } from './pax.ts';
import { BLOCK, damaged, number, text } from './tar-header.ts';
import { fileHeader, paxEntry } from './tar-writer.ts';

const OVERLAY = 'SCHILY.xattr.trusted.overlay.';
const MAX_EXTENDED = 1024 * 1024;
const END = Buffer.alloc(BLOCK * 2);

/**
 * From GNU tar's archive of an overlay's upper directory to a layer, piece by piece: character devices 0/0 become whiteout files,
 * the mark of an opaque directory a file inside it, and overlayfs's own attributes go. All else passes as it is.
 */
export class LayerTransform {
  /** overlayfs has renamed a directory without copying it, or copied a file's attributes only: files do not tell all. */
  redirected = false;
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Bytes that are wanted before the next decision, or of content that passes. */
  #wanted = BLOCK;
  #state: 'header' | 'extended' | 'content' | 'ended' = 'header';
  /** An extended header that belongs to the next entry. */
  #extended: { readonly header: Buffer; readonly data: Buffer } | undefined;
  #pendingHeader: Buffer | undefined;

  *write(chunk: Buffer): Generator<Buffer> {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#state === 'ended') return;
      const used = rest.subarray(0, Math.min(rest.length, this.#wanted - this.#heldLength));
      rest = rest.subarray(used.length);
      if (this.#state === 'content') {
        this.#wanted -= used.length;
        yield used;
        if (this.#wanted === 0) this.#expectHeader();
        continue;
      }
      this.#held.push(Buffer.from(used));
      this.#heldLength += used.length;
      if (this.#heldLength < this.#wanted) continue;
      const block = Buffer.concat(this.#held);
      this.#held = [];
      this.#heldLength = 0;
      if (this.#state === 'extended') {
        this.#extended = { header: this.#pendingHeader as Buffer, data: block };
        this.#expectHeader();
      } else yield* this.#header(block);
    }
  }

  /** What ends the archive. Throws when it ended in the middle. */
  end(): Buffer {
    if (this.#state === 'content' || this.#extended || this.#heldLength > 0) throw damaged('it ends too early');
    return END;
  }

  #expectHeader(): void {
    this.#state = 'header';
    this.#wanted = BLOCK;
  }

  *#header(block: Buffer): Generator<Buffer> {
    if (block.every((byte) => byte === 0)) {
      this.#state = 'ended';
      return;
    }
    const type = block.toString('latin1', 156, 157);
    const stated = number(block, 124, 12);
    if (type === 'x') {
      if (stated > MAX_EXTENDED)
        throw new PouchError('too-large', 'A file of the layer has too many extended attributes.');
      this.#pendingHeader = block;
      this.#state = 'extended';
      this.#wanted = Math.ceil(stated / BLOCK) * BLOCK;
      return;
    }
    const records = this.#records();
    // Sizes beyond 8 GiB are in the extended header.
    const padded = Math.ceil((paxNumber(records, 'size') ?? stated) / BLOCK) * BLOCK;
    yield* this.#entry(block, type, records);
    // Links and directories may state a size; only files have content.
    if (padded > 0 && (type === '0' || type === '\0' || type === '7')) {
      this.#state = 'content';
      this.#wanted = padded;
    } else this.#expectHeader();
  }

  #records(): Map<string, ByteString> {
    const extended = this.#extended;
    return extended ? parsePax(extended.data.subarray(0, number(extended.header, 124, 12))) : new Map();
  }

  *#entry(block: Buffer, type: string, records: Map<string, ByteString>): Generator<Buffer> {
    const extended = this.#extended;
    this.#extended = undefined;
    const path = records.get('path') ?? nameOf(block);
    if (type === '3' && number(block, 329, 8) === 0 && number(block, 337, 8) === 0) {
      yield* marker(path, '.wh.');
      return;
    }
    const own = [...records.keys()].filter((key) => key.startsWith(OVERLAY));
    if (own.some((key) => key === `${OVERLAY}redirect` || key === `${OVERLAY}metacopy`)) {
      this.redirected = true;
      throw new PouchError('unsupported', 'overlayfs has kept a renamed directory by reference.');
    }
    const opaque = records.get(`${OVERLAY}opaque`) === 'y';
    if (own.length > 0) {
      for (const key of own) records.delete(key);
      if (records.size > 0) yield paxEntry(records);
    } else if (extended) {
      yield extended.header;
      yield extended.data;
    }
    yield block;
    if (opaque) yield* marker(`${path.replace(/\/+$/, '')}/.opq`, '.wh..wh.');
  }
}

function nameOf(block: Buffer): ByteString {
  const prefix = text(block, 345, 155);
  const name = text(block, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** An empty file whose name says that something else is gone. */
function* marker(path: ByteString, prefix: string): Generator<Buffer> {
  const slash = path.lastIndexOf('/') + 1;
  yield fileHeader(path.slice(0, slash) + prefix + path.slice(slash));
}
