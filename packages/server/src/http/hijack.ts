import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { PouchError } from '@pouch/base';
import { endAndLinger } from '../stream/byte-channel.ts';
import { BODY_DEADLINE, JSON_LIMIT, readBody, SlowBodyError } from './request-body.ts';

const PARSER_EVENTS = ['data', 'readable', 'end', 'drain', 'error', 'timeout'] as const;

/** A connection on which HTTP ends with this request: what follows the answer's head is the two sides' own. */
export class HijackedConnection {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** The client asked for `Upgrade` and gets a 101; else the answer is a 200 without a length. */
  readonly upgrade: string | undefined;
  #answered = false;

  private constructor(request: IncomingMessage, socket: Duplex, upgrade: string | undefined) {
    this.request = request;
    this.socket = socket;
    this.upgrade = upgrade;
    // The socket's own errors show as its close.
    socket.on('error', () => {});
  }

  /** From the server's `upgrade` event. `head` is what the client sent behind the request's head. */
  static fromUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): HijackedConnection {
    socket.pause();
    if (head.length > 0) socket.unshift(head);
    return new HijackedConnection(request, socket, request.headers.upgrade?.toLowerCase());
  }

  /**
   * From an ordinary request, as old clients attach: take the socket away from the HTTP parser. Call it once the body has
   * been read and while the socket is paused, so that no byte of what follows is taken for another request.
   */
  static fromRequest(request: IncomingMessage, response: ServerResponse): HijackedConnection {
    const { socket } = request;
    response.detachSocket(socket);
    // Listening for data makes Node.js give the raw bytes to the socket again.
    socket.on('data', () => {});
    socket.pause();
    for (const event of PARSER_EVENTS) socket.removeAllListeners(event);
    // The parser took a read that the socket still waits for: an empty chunk ends it, so that reading starts anew.
    socket.push('');
    socket.setTimeout(0);
    return new HijackedConnection(request, socket, undefined);
  }

  get answered(): boolean {
    return this.#answered;
  }

  /**
   * The request's body on an upgraded connection. Node.js before 25 stops at the head, so that the body is the first
   * bytes of the socket; later ones deliver it on the request.
   */
  async readBody(): Promise<Buffer> {
    const length = Number(this.request.headers['content-length'] ?? 0);
    if (this.request.headers['transfer-encoding'] !== undefined) {
      throw new PouchError('invalid-argument', 'a request that upgrades its connection needs a Content-Length');
    }
    if (length > JSON_LIMIT) throw new PouchError('too-large', `the request body is larger than ${JSON_LIMIT} bytes`);
    if (length === 0) return Buffer.alloc(0);
    // Later versions have parsed all of the body, or have not come to its end yet.
    const isOnRequest = this.request.readableLength > 0 || !this.request.complete;
    return isOnRequest ? await readBody(this.request) : await readExactly(this.socket, length);
  }

  /** Send the head of a success. From here on the socket carries raw bytes. */
  accept(contentType: string): Duplex {
    this.#answered = true;
    this.socket.write(
      this.upgrade === undefined
        ? `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\n\r\n`
        : `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    return this.socket;
  }

  /** Send a head of the caller's own making. */
  acceptRaw(head: string): Duplex {
    this.#answered = true;
    this.socket.write(head);
    return this.socket;
  }

  /** Answer as plain HTTP and close. */
  async answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#answered) return;
    this.#answered = true;
    const lines = Object.entries({
      ...headers,
      ...(body !== '' && { 'Content-Type': 'application/json' }),
      'Content-Length': String(Buffer.byteLength(body)),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const reason = STATUS_CODES[status] ?? 'Unknown';
    this.socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`);
    await endAndLinger(this.socket);
  }
}

async function readExactly(stream: Readable, length: number): Promise<Buffer> {
  const deadline = Date.now() + BODY_DEADLINE;
  for (;;) {
    const chunk = stream.read(length) as Buffer | null;
    if (chunk?.length === length) return chunk;
    if (chunk !== null || stream.readableEnded || stream.destroyed) {
      throw new PouchError('cancelled', 'the client closed the connection before the body was whole');
    }
    await readable(stream, deadline - Date.now());
  }
}

async function readable(stream: Readable, milliseconds: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new SlowBodyError()), milliseconds);
  stream.on('readable', resolve).on('end', resolve).on('close', resolve);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stream.off('readable', resolve).off('end', resolve).off('close', resolve);
  }
}
