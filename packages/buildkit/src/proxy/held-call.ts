import { asPouchError, PouchError } from '@pouch/base';
import { frame } from '@pouch/grpc';
import { encodeFrame, FLAG, FRAME } from '../http2/frames.ts';
import type { SendWindow } from '../http2/send-window.ts';
import { type InterceptedCall, UnaryBody, type UnaryInterceptor } from './unary.ts';

/** The way of a held call to the server. */
export interface HeldCallPath {
  readonly window: SendWindow;
  /** Bytes that the server takes on a new stream, and in a frame. */
  readonly initialWindow: number;
  readonly maxFrameSize: number;
  send(bytes: Buffer): void;
}

/** A call whose request is sent on once an interceptor has read it, and whose answer ends once it has read that as well. */
export class HeldCall {
  readonly #stream: number;
  readonly #path: HeldCallPath;
  readonly #request = new UnaryBody();
  readonly #received = Promise.withResolvers<Uint8Array>();
  readonly #over = Promise.withResolvers<void>();
  readonly #answer: Buffer[] = [];
  #isComplete = false;
  #isOver = false;
  /** Bytes that the server takes on the stream. */
  #window: number;
  #call: InterceptedCall | undefined;

  constructor(stream: number, path: HeldCallPath) {
    this.#stream = stream;
    this.#path = path;
    this.#window = path.initialWindow;
    // Nobody may be there yet who waits for it.
    this.#received.promise.catch(() => {});
  }

  /** Carry it. Throws what the interceptor refuses, unless the call is over before; resolves when all is done. */
  async run(interceptor: UnaryInterceptor): Promise<void> {
    let call: InterceptedCall;
    try {
      call = await interceptor.request(await this.#received.promise);
    } catch (error) {
      if (this.#isOver) return;
      throw error;
    }
    this.#call = call;
    try {
      await this.#send(frame(call.message));
      await this.#over.promise;
    } finally {
      await call.ended?.();
    }
  }

  /** Whether all of the request was taken. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** A piece of the request. */
  take(payload: Buffer, isLast: boolean): void {
    this.#isComplete ||= isLast;
    try {
      this.#request.push(payload);
      if (isLast) this.#received.resolve(this.#request.end());
    } catch (error) {
      this.#received.reject(asPouchError(error));
    }
  }

  /** The server takes so many bytes more of it. */
  grow(bytes: number): void {
    this.#window += bytes;
    this.#path.window.wake();
  }

  /** A piece of the answer, which the client gets as well. */
  answer(payload: Buffer): void {
    this.#answer.push(payload);
  }

  /** The answer is there, with its status: resolves when the client may hear that. */
  async answered(status: string | undefined): Promise<void> {
    const body = Buffer.concat(this.#answer);
    // The length of the message comes in the five bytes before it.
    if (status === '0' && body.length >= 5) await this.#call?.answered?.(body.subarray(5));
  }

  /** It has ended, however that was. */
  end(): void {
    this.#isOver = true;
    this.#received.reject(new PouchError('cancelled', 'the call has ended'));
    this.#over.resolve();
    this.#path.window.wake();
  }

  async #send(body: Buffer): Promise<void> {
    const { window, maxFrameSize } = this.#path;
    for (let at = 0; at < body.length && !this.#isOver; ) {
      const size = Math.min(body.length - at, maxFrameSize, window.room, this.#window);
      if (size <= 0) {
        await window.changed();
        continue;
      }
      const piece = body.subarray(at, at + size);
      at += size;
      this.#window -= size;
      window.spend(size);
      const flags = at === body.length ? FLAG.END_STREAM : FLAG.NONE;
      this.#path.send(encodeFrame(FRAME.DATA, flags, this.#stream, piece));
    }
  }
}
