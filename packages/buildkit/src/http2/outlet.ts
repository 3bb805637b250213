import { PouchError } from '@pouch/base';
import { type Frame, pong, windowUpdate } from './frames.ts';
import type { FrameSocket } from './frame-socket.ts';

/**
 * Bytes of a connection's window that are given back with the next frame that goes the same way, and alone when there are more.
 * Go's gRPC gives back each message by itself, and every such word would cost a turn at both ends. A connection begins with four
 * times as much.
 */
const CREDIT_HELD = 16_384;
/**
 * Milliseconds that the answer to a ping may wait for something else to be sent. Go's gRPC sends a ping with the first message
 * that it reads after the last answer, to measure the way: each answer by itself would cost a turn as well, and bring the next.
 */
const PONG_PACE = 10;
/** Frames that may wait for the first one. */
const MAX_EARLY = 1000;

/** What is sent to one side of a connection. */
export class Outlet {
  readonly #socket: FrameSocket;
  /** Bytes that this side may send anew, which it has not been told. */
  #credit = 0;
  /** What waits for the first frame, when that must be another's. */
  #early: Buffer[] | undefined;

  /** `waits`: nothing is sent before `begin`. */
  constructor(socket: FrameSocket, { waits }: { readonly waits: boolean }) {
    this.#socket = socket;
    if (waits) this.#early = [];
  }

  get hasBegun(): boolean {
    return this.#early === undefined;
  }

  /** Send the frame that is the first, and what has waited for it. */
  begin(first: Buffer): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#socket.send(first);
    for (const bytes of early) this.send(bytes);
  }

  send(bytes: Buffer): void {
    if (this.#early) return this.#keep(this.#early, bytes);
    if (this.#credit > 0) this.#socket.send(windowUpdate(0, this.#credit));
    this.#credit = 0;
    this.#socket.send(bytes);
  }

  /** Send a frame with the next one, or alone after so many milliseconds. */
  sendLater(bytes: Buffer, milliseconds: number): void {
    if (this.#early) this.#keep(this.#early, bytes);
    else this.#socket.sendLater(bytes, milliseconds);
  }

  answerPing(ping: Frame): void {
    this.sendLater(pong(ping), PONG_PACE);
  }

  /** This side may send so many bytes more on its connection. */
  giveBack(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit < CREDIT_HELD) return;
    const credit = windowUpdate(0, this.#credit);
    this.#credit = 0;
    this.send(credit);
  }

  #keep(early: Buffer[], bytes: Buffer): void {
    if (early.length >= MAX_EARLY) throw new PouchError('invalid-argument', 'HTTP/2 was broken: pings without end');
    early.push(bytes);
  }
}
