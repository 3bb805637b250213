import type { Duplex } from 'node:stream';
import { asPouchError } from '@pouch/base';
import { type Frame, FrameSplitter } from './frames.ts';

export interface FrameHandler {
  /** The next frame. The one after it waits for the promise, where there is one. What it throws ends the connection. */
  frame(frame: Frame): Promise<void> | undefined;
  /** The connection is over; with the fault, when one ended it. Called once. */
  closed(error?: Error): void;
}

export interface FrameSocketOptions {
  /** What comes before the first frame. */
  readonly preface?: Buffer;
  /** Whether frames that came before the end are handled before the end is told, however long that takes. */
  readonly handlesAll: boolean;
}

/** One end of an HTTP/2 connection, read and written in whole frames. */
export class FrameSocket {
  readonly splitter: FrameSplitter;
  readonly #socket: Duplex;
  readonly #handler: FrameHandler;
  readonly #handlesAll: boolean;
  readonly #read: Frame[] = [];
  #handling = false;
  /** How many ask that nothing be read for now. */
  #holds = 0;
  #unsent: Buffer[] = [];
  #later: NodeJS.Timeout | undefined;
  #feeder: FrameSocket | undefined;
  /** Resolved when its reader keeps up again; undefined while it does. */
  #full: PromiseWithResolvers<void> | undefined;
  #waits = false;
  #isClosed = false;
  #isTold = false;
  #error: Error | undefined;

  constructor(socket: Duplex, handler: FrameHandler, options: FrameSocketOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#handlesAll = options.handlesAll;
    this.splitter = new FrameSplitter(options.preface);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.once('close', () => {
      this.#isClosed = true;
      if (!this.#handlesAll) this.#read.length = 0;
      this.#drained();
      this.#handle();
    });
    // Whoever hands it over may have paused it.
    socket.resume();
  }

  /** The one whose frames are sent on here: it is not read while this one's reader does not keep up. */
  set feeder(feeder: FrameSocket) {
    this.#feeder = feeder;
    if (this.#full) feeder.hold();
  }

  /** When the reader has taken enough to be sent more; undefined when it has. */
  get writable(): Promise<void> | undefined {
    return this.#full?.promise;
  }

  /** Send bytes of whole frames. Those of one turn leave together. */
  send(bytes: Buffer): void {
    if (this.#unsent.length === 0 || this.#later) queueMicrotask(() => this.#flush());
    this.#stopWaiting();
    this.#append(bytes);
  }

  /** Send bytes of whole frames with the next that go, or alone after so many milliseconds. */
  sendLater(bytes: Buffer, milliseconds: number): void {
    if (this.#unsent.length === 0) this.#later = setTimeout(() => this.#flush(), milliseconds);
    this.#append(bytes);
  }

  #stopWaiting(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
  }

  #append(bytes: Buffer): void {
    const last = this.#unsent.at(-1);
    const goesOn = last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset;
    if (!goesOn) this.#unsent.push(bytes);
    else this.#unsent[this.#unsent.length - 1] = joined(last, bytes);
  }

  /** Read nothing more, until `release` was called as often. */
  hold(): void {
    this.#holds += 1;
    this.#socket.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#handle();
    // What was handled may hold again.
    if (this.#holds === 0) this.#socket.resume();
  }

  /** Send what is unsent, and that nothing more comes. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#flush();
    this.#error ??= error;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      this.#read.push(...this.splitter.push(chunk));
    } catch (error) {
      this.destroy(asPouchError(error));
    }
    this.#handle();
  }

  #handle(): void {
    // A handler may release or destroy, which comes here again.
    if (this.#handling) return;
    this.#handling = true;
    try {
      while (this.#holds === 0 && this.#read.length > 0) this.#handleOne(this.#read.shift() as Frame);
    } finally {
      this.#handling = false;
    }
    const isBusy = this.#handlesAll && (this.#waits || this.#read.length > 0);
    if (!this.#isClosed || this.#isTold || isBusy) return;
    this.#isTold = true;
    this.#handler.closed(this.#error);
  }

  #handleOne(frame: Frame): void {
    let wait: Promise<void> | undefined;
    try {
      wait = this.#handler.frame(frame);
    } catch (error) {
      this.#read.length = 0;
      this.destroy(asPouchError(error));
    }
    if (!wait) return;
    this.#waits = true;
    this.hold();
    const handled = wait.catch((error: unknown) => this.destroy(asPouchError(error)));
    void handled.then(() => {
      this.#waits = false;
      this.release();
    });
  }

  #flush(): void {
    this.#stopWaiting();
    const [first, ...more] = this.#unsent;
    this.#unsent = [];
    if (!first || this.#socket.destroyed || this.#socket.writableEnded) return;
    const isTaken = this.#socket.write(more.length > 0 ? Buffer.concat([first, ...more]) : first);
    if (isTaken || this.#full) return;
    this.#full = Promise.withResolvers();
    this.#feeder?.hold();
  }

  #drained(): void {
    if (!this.#full) return;
    this.#full.resolve();
    this.#full = undefined;
    this.#feeder?.release();
  }
}

/** Two pieces of memory that lie side by side. */
function joined(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.buffer as ArrayBuffer, one.byteOffset, one.length + other.length);
}
