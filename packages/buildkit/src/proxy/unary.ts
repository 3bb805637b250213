import { PouchError } from '@pouch/base';
import { FrameDecoder } from '@pouch/grpc';

/** Reads a request before it is passed on, and its answer before the client gets it. */
export interface UnaryInterceptor {
  /** The request to pass on in this one's place. What it throws is the client's answer. */
  request(message: Uint8Array): Promise<InterceptedCall>;
}

export interface InterceptedCall {
  readonly message: Uint8Array;
  /** Called with the answer of a call that succeeded; the client gets it afterwards. */
  answered?(message: Uint8Array): Promise<void>;
  /** Called when the call is over, however it ended. */
  ended?(): Promise<void>;
}

/** The body of a call with one message, taken in pieces. */
export class UnaryBody {
  readonly #decoder = new FrameDecoder('client');
  readonly #messages: Uint8Array[] = [];

  /** Throws `invalid-argument` as soon as it is no body of one message: whoever sends on and on shall not fill the memory. */
  push(chunk: Buffer): void {
    this.#messages.push(...this.#decoder.push(chunk));
    if (this.#messages.length > 1) throw notOne();
  }

  /** The message of a body that has ended. Throws `invalid-argument` for one of none, or of less than one. */
  end(): Uint8Array {
    const [message] = this.#messages;
    if (message === undefined || this.#decoder.isPartial) throw notOne();
    return message;
  }
}

function notOne(): PouchError {
  return new PouchError('invalid-argument', 'the body of a gRPC call must be one whole message');
}
