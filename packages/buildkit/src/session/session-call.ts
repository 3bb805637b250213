import type { Duplex } from 'node:stream';
import { drained, PouchError } from '@pouch/base';
import { decodeStatusMessage, FrameDecoder, frame, statusError } from '@pouch/grpc';
import { BytesMessage } from '../generated/buildkit/control.ts';
import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  encodeFrame,
  encodeSettings,
  FLAG,
  FRAME,
  type Frame,
  incrementOf,
  PREFACE,
  SETTING,
  settingsOf,
  windowUpdate,
} from '../http2/frames.ts';
import { FrameSocket } from '../http2/frame-socket.ts';
import { encodeLiterals, type Header, HpackDecoder } from '../http2/hpack.ts';
import { Outlet } from '../http2/outlet.ts';
import { SendWindow } from '../http2/send-window.ts';

const METHOD = '/moby.buildkit.v1.Control/Session';
/** The first stream that a client may open, and the only one here. */
const STREAM = 1;
/** Bytes that buildkitd may send ahead. */
const WINDOW = 1 << 20;
/** Bytes of a message's head at most: gRPC's five, the field's number, and its length. */
const MESSAGE_HEAD = 5 + 1 + 3;

/**
 * Carries a client's connection, which speaks HTTP/2 with the client as the server, to buildkitd in a `Control/Session` stream
 * on a connection of its own. Each way is read at the pace of its reader.
 */
export class SessionCall {
  readonly #client: Duplex;
  readonly #server: FrameSocket;
  readonly #toServer: Outlet;
  readonly #window = new SendWindow();
  readonly #headers = new HpackDecoder();
  readonly #answer = new FrameDecoder();
  readonly #over = Promise.withResolvers<void>();
  #maxFrameSize = DEFAULT_FRAME_SIZE;
  /** Bytes that buildkitd takes on the stream, and what it takes on a new one. */
  #streamWindow = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  /** Bytes that were read, and that buildkitd may not send anew yet. */
  #taken = 0;
  #status: PouchError | undefined;

  /** `headers` describe the session; `server` is a new connection to buildkitd. */
  constructor(client: Duplex, server: Duplex, headers: Readonly<Record<string, readonly string[]>>) {
    this.#client = client;
    this.#server = new FrameSocket(
      server,
      { frame: (frame) => this.#serverSays(frame), closed: (error) => this.#serverClosed(error) },
      { handlesAll: true },
    );
    this.#toServer = new Outlet(this.#server, { waits: false });
    this.#open(headers);
    void this.#sendAll();
    client.once('close', () => this.#server.destroy());
    if (client.destroyed) this.#server.destroy();
  }

  /** Resolves when either side has ended it; rejects with buildkitd's reason, if it gave one, or what broke the connection. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  #open(headers: Readonly<Record<string, readonly string[]>>): void {
    const described = Object.entries(headers).flatMap(([name, values]) => values.map((value): Header => [name, value]));
    const block = encodeLiterals([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', METHOD],
      [':authority', 'localhost'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ...described,
    ]);
    this.#toServer.send(PREFACE);
    this.#toServer.send(encodeSettings([SETTING.INITIAL_WINDOW_SIZE, WINDOW]));
    this.#toServer.send(windowUpdate(0, WINDOW - DEFAULT_WINDOW));
    this.#toServer.send(encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, STREAM, block));
  }

  /** The client's bytes, to the last. */
  async #sendAll(): Promise<void> {
    try {
      for await (const chunk of this.#client.iterator({ destroyOnReturn: false })) await this.#send(chunk as Buffer);
      this.#toServer.send(encodeFrame(FRAME.DATA, FLAG.END_STREAM, STREAM, Buffer.alloc(0)));
    } catch {
      // Its end is seen as the connection's.
    }
  }

  async #send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#client.destroyed; ) {
      const room = Math.min(this.#maxFrameSize, this.#window.room, this.#streamWindow) - MESSAGE_HEAD;
      if (room <= 0) {
        await this.#window.changed();
        continue;
      }
      const data = bytes.subarray(at, at + room);
      at += data.length;
      const message = frame(BytesMessage.encode({ data }).finish());
      this.#window.pass(message.length);
      this.#streamWindow -= message.length;
      this.#toServer.send(encodeFrame(FRAME.DATA, FLAG.NONE, STREAM, message));
    }
  }

  #serverSays(frame: Frame): Promise<void> | undefined {
    const { type, flags, stream } = frame;
    if (type === FRAME.DATA) return this.#receive(frame);
    if (type === FRAME.HEADERS) this.#head(frame);
    else if (type === FRAME.RST_STREAM) this.#finish();
    else if (type === FRAME.WINDOW_UPDATE) this.#grow(stream, incrementOf(frame));
    else if (type === FRAME.PING && !(flags & FLAG.ACK)) {
      this.#toServer.answerPing(frame);
    } else if (type === FRAME.SETTINGS && !(flags & FLAG.ACK)) {
      this.#set(frame);
      this.#toServer.send(encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0, Buffer.alloc(0)));
    }
    return undefined;
  }

  #receive({ payload, flowSize, flags }: Frame): Promise<void> | undefined {
    let isFull = false;
    for (const message of this.#answer.push(payload)) {
      const { data } = BytesMessage.decode(message);
      if (data.length > 0 && !this.#client.destroyed) isFull = !this.#client.write(data);
    }
    if (flags & FLAG.END_STREAM) this.#finish();
    if (isFull) return drained(this.#client).then(() => this.#giveBack(flowSize));
    this.#giveBack(flowSize);
    return undefined;
  }

  /** Let buildkitd send on; for the stream this is told in halves of its window. */
  #giveBack(bytes: number): void {
    this.#toServer.giveBack(bytes);
    this.#taken += bytes;
    if (this.#taken < WINDOW / 2) return;
    this.#toServer.send(windowUpdate(STREAM, this.#taken));
    this.#taken = 0;
  }

  #head({ payload, flags }: Frame): void {
    const headers = new Map(this.#headers.decode(payload));
    if (!(flags & FLAG.END_STREAM)) return;
    const status = Number(headers.get('grpc-status') ?? 0);
    if (status !== 0)
      this.#status = statusError(METHOD, status, decodeStatusMessage(headers.get('grpc-message') ?? ''));
    this.#finish();
  }

  #grow(stream: number, bytes: number): void {
    if (stream === STREAM) {
      this.#streamWindow += bytes;
      this.#window.wake();
    } else this.#window.grow(bytes);
  }

  #set(frame: Frame): void {
    for (const [identifier, value] of settingsOf(frame)) {
      if (identifier === SETTING.MAX_FRAME_SIZE) this.#maxFrameSize = value;
      else if (identifier === SETTING.INITIAL_WINDOW_SIZE) {
        this.#grow(STREAM, value - this.#initialWindow);
        this.#initialWindow = value;
      }
    }
  }

  #finish(): void {
    this.#server.destroy();
  }

  #serverClosed(error: Error | undefined): void {
    const client = this.#client;
    // The client has nothing to say any more: BuildKit, which asks in a session, is gone.
    if (!client.destroyed) client.end(() => client.destroy());
    this.#window.wake();
    const reason = this.#status ?? error;
    if (reason) this.#over.reject(reason);
    else this.#over.resolve();
  }
}
