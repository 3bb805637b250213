import { PouchError } from '@pouch/base';

const MAX_HEAD = 256 * 1024;
const MAX_CHUNK_LINE = 4096;
const CR_LF = 10;

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; repeated headers joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface ParserEvents {
  onHead(head: ResponseHead): void;
  onBody(chunk: Uint8Array): void;
  /** The response is complete; `reusable` tells whether the connection may carry another request. */
  onComplete(reusable: boolean): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

/** A parser of HTTP/1.1 responses (RFC 9112): content-length, chunked, until close, and 101 followed by raw bytes. */
export class HttpParser {
  #state: State = 'done';
  #pending: Uint8Array = new Uint8Array(0);
  #remaining = 0;
  #headOnly = false;
  #reusable = true;
  readonly #events: ParserEvents;

  constructor(events: ParserEvents) {
    this.#events = events;
  }

  /** Get ready for the next response. `headOnly`: the request was HEAD. */
  begin(headOnly: boolean): void {
    this.#state = 'head';
    this.#headOnly = headOnly;
    this.#reusable = true;
  }

  /** Whether bytes of the current response are still missing. */
  get busy(): boolean {
    return this.#state !== 'done';
  }

  feed(chunk: Uint8Array): void {
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = new Uint8Array(0);
    while (data.length > 0) {
      const rest = this.#step(data);
      if (rest === undefined) {
        this.#pending = data;
        return;
      }
      data = rest;
    }
  }

  /** The peer closed its side. Returns an error when the response was not complete. */
  close(): Error | undefined {
    if (this.#state === 'until-close') {
      this.#finish(false);
      return undefined;
    }
    if (this.#state === 'done') return undefined;
    this.#state = 'done';
    return new PouchError('unavailable', 'The daemon closed the connection before its answer was complete.');
  }

  /** Take something from the front; undefined when more bytes are needed first. */
  #step(data: Uint8Array): Uint8Array | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(data);
      case 'length':
      case 'chunk':
        return this.#readCounted(data);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#readLine(data);
      case 'until-close':
        this.#events.onBody(data);
        return new Uint8Array(0);
      case 'done':
        throw new PouchError('upstream', 'The daemon sent bytes that nobody asked for; is this a Pouch daemon?');
    }
  }

  #readHead(data: Uint8Array): Uint8Array | undefined {
    const end = findHeadEnd(data);
    if (end < 0) {
      if (data.length > MAX_HEAD) throw new PouchError('upstream', 'The daemon answered with an endless header.');
      return undefined;
    }
    const head = parseHead(Buffer.from(data.buffer, data.byteOffset, end).toString('latin1'));
    const rest = data.subarray(end);
    if (head.status >= 100 && head.status < 200 && head.status !== 101) return rest;
    this.#chooseBody(head);
    this.#events.onHead(head);
    if (this.#state === 'length' && this.#remaining === 0) this.#finish(this.#reusable);
    return rest;
  }

  #chooseBody(head: ResponseHead): void {
    const connection = head.headers.get('connection')?.toLowerCase() ?? '';
    this.#reusable = !connection.includes('close');
    const length = head.headers.get('content-length');
    if (this.#headOnly || head.status === 204 || head.status === 304) {
      this.#state = 'length';
      this.#remaining = 0;
    } else if (head.status === 101) {
      this.#state = 'until-close';
    } else if (head.headers.get('transfer-encoding')?.toLowerCase().includes('chunked')) {
      this.#state = 'chunk-size';
    } else if (length !== undefined) {
      if (!/^\d+$/.test(length)) throw new PouchError('upstream', `The daemon sent a bad content-length: ${length}`);
      this.#state = 'length';
      this.#remaining = Number(length);
    } else {
      this.#state = 'until-close';
    }
  }

  #readCounted(data: Uint8Array): Uint8Array {
    const taken = Math.min(this.#remaining, data.length);
    this.#remaining -= taken;
    this.#events.onBody(data.subarray(0, taken));
    if (this.#remaining === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end';
      else this.#finish(this.#reusable);
    }
    return data.subarray(taken);
  }

  #readLine(data: Uint8Array): Uint8Array | undefined {
    const end = data.indexOf(CR_LF);
    if (end < 0) {
      if (data.length > MAX_CHUNK_LINE) throw new PouchError('upstream', 'The daemon sent a malformed chunk.');
      return undefined;
    }
    const line = Buffer.from(data.buffer, data.byteOffset, end).toString('latin1').trim();
    if (this.#state === 'chunk-end') {
      if (line !== '') throw new PouchError('upstream', 'The daemon sent a malformed chunk.');
      this.#state = 'chunk-size';
    } else if (this.#state === 'trailer') {
      if (line === '') this.#finish(this.#reusable);
    } else {
      const size = line.split(';')[0]?.trim() ?? '';
      if (!/^[0-9a-f]{1,12}$/i.test(size)) {
        throw new PouchError('upstream', 'The daemon sent a malformed chunk.');
      }
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
    }
    return data.subarray(end + 1);
  }

  #finish(reusable: boolean): void {
    this.#state = 'done';
    this.#events.onComplete(reusable);
  }
}

function findHeadEnd(data: Uint8Array): number {
  for (let at = data.indexOf(CR_LF); at >= 0; at = data.indexOf(CR_LF, at + 1)) {
    if (data[at + 1] === 10) return at + 2;
    if (data[at + 1] === 13 && data[at + 2] === 10) return at + 3;
  }
  return -1;
}

function parseHead(text: string): ResponseHead {
  const lines = text.split(/\r?\n/);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0] ?? '')?.[1];
  if (status === undefined) {
    throw new PouchError('upstream', 'The answer is not HTTP/1.1; is a Pouch daemon listening there (or is TLS on)?');
  }
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers };
}
