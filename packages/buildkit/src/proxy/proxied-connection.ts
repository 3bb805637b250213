import type { Duplex } from 'node:stream';
import { asPouchError, background, type Logger, PouchError } from '@pouch/base';
import { statusTrailers } from '@pouch/grpc';
import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  ERROR,
  encodeFrame,
  encodeSettings,
  FLAG,
  FRAME,
  type Frame,
  goAway,
  incrementOf,
  PREFACE,
  resetStream,
  SETTING,
  settingsOf,
  windowUpdate,
} from '../http2/frames.ts';
import { FrameSocket } from '../http2/frame-socket.ts';
import { encodeLiterals, HpackDecoder } from '../http2/hpack.ts';
import { Outlet } from '../http2/outlet.ts';
import { SendWindow } from '../http2/send-window.ts';
import { HeldCall, type HeldCallPath } from './held-call.ts';
import type { UnaryInterceptor } from './unary.ts';

/** Milliseconds that a client has to close its end after the server went away. */
const FAREWELL = 5000;

export interface ProxiedConnectionOptions {
  /** A new connection to the server. */
  readonly connect: () => Duplex;
  readonly intercept: ReadonlyMap<string, UnaryInterceptor>;
  readonly pace: ReadonlyMap<string, number>;
}

/** A call that the server has not ended. */
interface Call {
  /** Whether the client has the head of the answer. */
  hasHead: boolean;
  /** Milliseconds that messages of its answer may wait for others. */
  readonly pace: number | undefined;
  readonly held?: HeldCall | undefined;
}

/**
 * One client's connection, and the one to the server that is made for it: frames pass as they are, whole, in their order.
 * Header blocks are read on the way, for calls' names and ends, and passed on untouched, so that both ends' tables agree.
 */
export class ProxiedConnection implements HeldCallPath {
  readonly window = new SendWindow();
  initialWindow = DEFAULT_WINDOW;
  maxFrameSize = DEFAULT_FRAME_SIZE;

  readonly #options: ProxiedConnectionOptions;
  readonly #logger: Logger;
  readonly #client: FrameSocket;
  readonly #toClient: Outlet;
  #server: FrameSocket | undefined;
  #toServer: Outlet | undefined;
  readonly #fromClient = new HpackDecoder();
  readonly #fromServer = new HpackDecoder();
  readonly #calls = new Map<number, Call>();
  readonly #over = Promise.withResolvers<void>();
  #lastStream = 0;
  /** Calls that were refused while the client had not sent all of them. */
  readonly #refused = new Set<number>();
  #serverIsGone = false;

  constructor(client: Duplex, options: ProxiedConnectionOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = dependencies.logger;
    this.#client = new FrameSocket(
      client,
      { frame: (frame) => this.#clientSays(frame), closed: (error) => this.#clientClosed(error) },
      { preface: PREFACE, handlesAll: false },
    );
    // The first that a client hears must be the server's settings.
    this.#toClient = new Outlet(this.#client, { waits: true });
  }

  /** Resolves when the client's connection has ended. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** To the server. */
  send(bytes: Buffer): void {
    this.#toServer?.send(bytes);
  }

  #clientSays(frame: Frame): Promise<void> | undefined {
    if (this.#serverIsGone) return undefined;
    // Clients open connections on which they then say nothing.
    const server = (this.#server ??= this.#connect());
    if (frame.type === FRAME.DATA) return this.#clientSends(frame);
    if (frame.type === FRAME.HEADERS) return this.#callBegins(frame);
    if (frame.type === FRAME.PING) return this.#clientPings(frame);
    if (frame.type === FRAME.WINDOW_UPDATE && frame.stream === 0) {
      this.#toServer?.giveBack(incrementOf(frame));
      return undefined;
    }
    if (frame.type === FRAME.RST_STREAM) {
      this.#callEnds(frame.stream);
      this.#refused.delete(frame.stream);
    } else if (frame.type === FRAME.SETTINGS) {
      for (const [identifier, value] of settingsOf(frame)) {
        if (identifier === SETTING.MAX_FRAME_SIZE) server.splitter.maxFrameSize = value;
        else if (identifier === SETTING.HEADER_TABLE_SIZE) this.#fromServer.allow(value);
      }
    }
    this.send(frame.bytes);
    return undefined;
  }

  #serverSays(frame: Frame): Promise<void> | undefined {
    const { type, stream } = frame;
    if (type === FRAME.WINDOW_UPDATE) return this.#serverTakes(stream, incrementOf(frame));
    if (type === FRAME.HEADERS) return this.#serverHeads(frame);
    if (type === FRAME.PING) {
      if (!(frame.flags & FLAG.ACK)) this.#toServer?.answerPing(frame);
      return undefined;
    }
    if (type === FRAME.DATA) return this.#serverSends(frame);
    if (type === FRAME.RST_STREAM) this.#callEnds(stream);
    else if (type === FRAME.SETTINGS) this.#serverSets(frame);
    if (this.#toClient.hasBegun) this.#toClient.send(frame.bytes);
    else this.#toClient.begin(frame.bytes);
    return undefined;
  }

  #serverSends(frame: Frame): undefined {
    const call = this.#calls.get(frame.stream);
    call?.held?.answer(frame.payload);
    if (call?.pace === undefined) this.#toClient.send(frame.bytes);
    else this.#toClient.sendLater(frame.bytes, call.pace);
    return undefined;
  }

  /** Pings are answered where they arrive. A client that only asks, and does not listen, is not read meanwhile. */
  #clientPings(frame: Frame): Promise<void> | undefined {
    const { writable } = this.#client;
    if (writable) return writable.then(() => this.#clientPings(frame));
    if (!(frame.flags & FLAG.ACK)) this.#toClient.answerPing(frame);
    return undefined;
  }

  #callBegins(frame: Frame): undefined {
    const { stream, flags } = frame;
    const headers = this.#fromClient.decode(frame.payload);
    const path = headers.find(([name]) => name === ':path')?.[1];
    const isLast = (flags & FLAG.END_STREAM) !== 0;
    const known = this.#calls.get(stream);
    const interceptor = path === undefined || known ? undefined : this.#options.intercept.get(path);
    const held = interceptor ? new HeldCall(stream, this) : known?.held;
    if (!known) {
      this.#logger.debug('gRPC call', { path });
      this.#lastStream = stream;
      this.#calls.set(stream, { hasHead: false, pace: this.#options.pace.get(path ?? ''), held });
    }
    // The server shall not take the end of a held call for one without a message.
    const bytes = held && isLast ? Buffer.from(frame.bytes) : frame.bytes;
    if (held && isLast) bytes[4] = flags & ~FLAG.END_STREAM;
    this.send(bytes);
    if (held && interceptor) this.#hold(stream, held, interceptor);
    if (isLast) held?.take(Buffer.alloc(0), true);
    return undefined;
  }

  #hold(stream: number, held: HeldCall, interceptor: UnaryInterceptor): void {
    const run = async (): Promise<void> => {
      try {
        await held.run(interceptor);
      } catch (error) {
        this.#refuse(stream, asPouchError(error));
      }
    };
    background(run(), (error) => this.#logger.warn('a gRPC call did not end well', { error }));
  }

  #clientSends(frame: Frame): Promise<void> | undefined {
    const { stream, flowSize } = frame;
    const isLast = (frame.flags & FLAG.END_STREAM) !== 0;
    const held = this.#calls.get(stream)?.held;
    if (held || this.#refused.has(stream)) {
      const { writable } = this.#client;
      if (writable) return writable.then(() => this.#clientSends(frame));
      // The server never hears of these bytes, so they are given back here.
      this.#toClient.giveBack(flowSize);
      if (held && flowSize > 0 && !isLast) this.#toClient.send(windowUpdate(stream, flowSize));
      held?.take(frame.payload, isLast);
      if (isLast) this.#refused.delete(stream);
      return undefined;
    }
    if (this.window.mustWait(flowSize)) return this.#sendLater(frame);
    this.window.pass(flowSize);
    this.send(frame.bytes);
    return undefined;
  }

  /** The server gives room for whatever has reached it, so this waits for no other call. */
  async #sendLater({ flowSize, bytes }: Frame): Promise<void> {
    while (this.window.mustWait(flowSize) && !this.#serverIsGone) await this.window.changed();
    this.window.pass(flowSize);
    this.send(bytes);
  }

  #serverTakes(stream: number, bytes: number): undefined {
    const held = this.#calls.get(stream)?.held;
    if (held) {
      held.grow(bytes);
      return undefined;
    }
    if (stream === 0) this.#toClient.giveBack(this.window.grow(bytes));
    else this.#toClient.send(windowUpdate(stream, bytes));
    return undefined;
  }

  #serverSets(frame: Frame): void {
    for (const [identifier, value] of settingsOf(frame)) {
      if (identifier === SETTING.HEADER_TABLE_SIZE) this.#fromClient.allow(value);
      else if (identifier === SETTING.MAX_FRAME_SIZE) this.maxFrameSize = this.#client.splitter.maxFrameSize = value;
      else if (identifier === SETTING.INITIAL_WINDOW_SIZE) {
        for (const { held } of this.#calls.values()) held?.grow(value - this.initialWindow);
        this.initialWindow = value;
      }
    }
  }

  #serverHeads(frame: Frame): Promise<void> | undefined {
    const headers = this.#fromServer.decode(frame.payload);
    const call = this.#calls.get(frame.stream);
    if (call && frame.flags & FLAG.END_STREAM) {
      const status = headers.find(([name]) => name === 'grpc-status')?.[1];
      if (call.held) return this.#answer(frame, call, call.held.answered(status));
      this.#calls.delete(frame.stream);
    } else if (call) call.hasHead = true;
    this.#toClient.send(frame.bytes);
    return undefined;
  }

  async #answer({ stream, bytes }: Frame, call: Call, actedOn: Promise<void>): Promise<void> {
    try {
      await actedOn;
    } catch (error) {
      this.#logger.warn('the answer to a gRPC call could not be acted on', { error });
      this.#fail(stream, call, asPouchError(error));
    }
    // After a failure the call is over for the client, and only its table is kept in step.
    this.#toClient.send(bytes);
    this.#callEnds(stream);
  }

  #callEnds(stream: number): void {
    this.#calls.get(stream)?.held?.end();
    this.#calls.delete(stream);
  }

  /** Answer a held call, of which the server knows the head alone, with a failure. */
  #refuse(stream: number, error: PouchError): void {
    const call = this.#calls.get(stream);
    if (!call || this.#serverIsGone) return;
    this.send(resetStream(stream, ERROR.CANCEL));
    this.#fail(stream, call, error);
    if (!call.held?.isComplete) {
      this.#refused.add(stream);
      this.#toClient.send(resetStream(stream, ERROR.NO_ERROR));
    }
    this.#callEnds(stream);
  }

  #fail(stream: number, { hasHead }: Call, error: PouchError): void {
    const trailers = Object.entries(statusTrailers(error));
    const block = encodeLiterals(
      hasHead ? trailers : [[':status', '200'], ['content-type', 'application/grpc'], ...trailers],
    );
    this.#toClient.send(encodeFrame(FRAME.HEADERS, FLAG.END_STREAM | FLAG.END_HEADERS, stream, block));
  }

  #connect(): FrameSocket {
    const server = new FrameSocket(
      this.#options.connect(),
      { frame: (frame) => this.#serverSays(frame), closed: (error) => this.#serverClosed(error) },
      { handlesAll: true },
    );
    server.feeder = this.#client;
    this.#client.feeder = server;
    server.send(PREFACE);
    this.#toServer = new Outlet(server, { waits: false });
    return server;
  }

  #clientClosed(error: Error | undefined): void {
    if (error) this.#logger.debug('the connection of a gRPC client failed', { error });
    this.#server?.destroy();
    for (const stream of this.#calls.keys()) this.#callEnds(stream);
    this.#over.resolve();
  }

  /** Tell the client what happened to its calls, and that it should connect anew. */
  #serverClosed(error: Error | undefined): void {
    this.#serverIsGone = true;
    this.window.wake();
    if (error) this.#logger.debug('the connection to BuildKit failed', { error });
    if (!this.#toClient.hasBegun) this.#toClient.begin(encodeSettings());
    for (const [stream, call] of this.#calls) {
      this.#fail(stream, call, ended());
      this.#callEnds(stream);
    }
    this.#toClient.send(goAway(this.#lastStream, ERROR.NO_ERROR));
    this.#client.end();
    setTimeout(() => this.#client.destroy(), FAREWELL).unref();
  }
}

function ended(): PouchError {
  return new PouchError('unavailable', 'BuildKit ended during the call; it is started again: try once more.');
}
