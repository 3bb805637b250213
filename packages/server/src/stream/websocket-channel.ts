import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { drained, PouchError } from '@pouch/base';
import type { HijackedConnection } from '../http/hijack.ts';
import { type ByteChannel, closedSignal, endAndLinger } from './byte-channel.ts';
import { OPCODE, WebSocketDecoder, webSocketHeader, WebSocketProtocolError } from './websocket-frames.ts';

/** RFC 6455, section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const NORMAL = 1000;

/** A WebSocket that carries bytes in binary messages: the server's end of RFC 6455, without extensions. */
export class WebSocketChannel implements ByteChannel {
  readonly input: AsyncIterable<Uint8Array>;
  readonly closed: AbortSignal;
  readonly #socket: Duplex;
  readonly #opcode: number;
  #closeSent = false;

  private constructor(socket: Duplex, opcode: number) {
    this.#socket = socket;
    this.#opcode = opcode;
    this.closed = closedSignal(socket);
    this.input = this.#read();
  }

  /** Throws `invalid-argument` when the request is no WebSocket handshake. */
  static check(connection: HijackedConnection): void {
    const { headers } = connection.request;
    const key = headers['sec-websocket-key'];
    if (connection.upgrade !== 'websocket' || key === undefined || Buffer.from(key, 'base64').length !== 16) {
      throw new PouchError('invalid-argument', 'this endpoint expects a WebSocket handshake (RFC 6455)');
    }
    if (headers['sec-websocket-version'] !== '13') {
      throw new PouchError('invalid-argument', 'only version 13 of the WebSocket protocol is served');
    }
  }

  /** Finish a handshake that `check` found good. Old clients expect messages of text, whatever is in them. */
  static accept(connection: HijackedConnection, binary = true): WebSocketChannel {
    const { headers } = connection.request;
    const key = String(headers['sec-websocket-key']);
    const answer = createHash('sha1')
      .update(key + ACCEPT_GUID)
      .digest('base64');
    const protocol = headers['sec-websocket-protocol']?.split(',')[0]?.trim();
    return new WebSocketChannel(
      connection.acceptRaw(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${answer}\r\n` +
          (protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : '') +
          '\r\n',
      ),
      binary ? OPCODE.binary : OPCODE.text,
    );
  }

  async write(...parts: Uint8Array[]): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded || this.#closeSent) return;
    this.#socket.cork();
    for (const part of parts) this.#send(this.#opcode, part);
    this.#socket.uncork();
    await drained(this.#socket);
  }

  async end(): Promise<void> {
    this.#sendClose(NORMAL);
    await endAndLinger(this.#socket);
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new WebSocketDecoder();
    try {
      for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
        for (const { opcode, data } of decoder.decode(chunk as Buffer)) {
          if (opcode === OPCODE.close) {
            // A WebSocket has no half-closed state: the client's end is the end of both ways.
            void this.end();
            return;
          }
          if (opcode === OPCODE.ping) this.#send(OPCODE.pong, data);
          else if (opcode !== OPCODE.pong) yield data;
        }
        // A flood of pings must not pile up answers.
        await drained(this.#socket);
      }
    } catch (error) {
      if (error instanceof WebSocketProtocolError) {
        this.#sendClose(error.code);
        this.#socket.end();
      }
      throw error;
    }
  }

  #sendClose(code: number): void {
    if (this.#closeSent || this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#closeSent = true;
    this.#send(OPCODE.close, Buffer.from([code >> 8, code & 0xff]));
  }

  #send(opcode: number, data: Uint8Array): void {
    this.#socket.write(webSocketHeader(opcode, data.byteLength));
    this.#socket.write(data);
  }
}
