import type { Readable } from 'node:stream';
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

/** The one message in a gRPC body. Throws `invalid-argument` for a body of none or of several. */
export async function readMessage(body: Readable): Promise<Uint8Array> {
  const decoder = new FrameDecoder();
  const messages: Uint8Array[] = [];
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    messages.push(...decoder.push(chunk as Buffer));
    // Whoever sends on and on shall not fill the memory.
    if (messages.length > 1) break;
  }
  const [message] = messages;
  if (message === undefined || messages.length > 1 || decoder.isPartial) {
    throw new PouchError('invalid-argument', 'the body of a gRPC call must be one whole message');
  }
  return message;
}
