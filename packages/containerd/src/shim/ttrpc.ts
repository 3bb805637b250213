import { connect, type Socket } from 'node:net';
import { errorMessage, PouchError } from '@pouch/base';
import { Request, Response } from '../generated/containerd/runtime/ttrpc.ts';
import { statusError } from '@pouch/grpc';

/** A frame: the payload's length and the stream's number, 4 bytes each, then type and flags. */
const HEADER = 10;
const REQUEST = 1;
const RESPONSE = 2;
/** No answer that is asked for here comes near it. */
const MAX_PAYLOAD = 4 << 20;

/** A call over ttrpc, on a connection of its own. Dispose it to hang up: the answer then fails as `cancelled`. */
export class TtrpcCall implements Disposable {
  /** Resolves when the request is on its way. */
  readonly sent: Promise<void>;
  /** The response's message; fails with the server's status, or as `unavailable` when the connection ends before. */
  readonly answer: Promise<Uint8Array>;
  readonly #socket: Socket;

  constructor(path: string, request: Pick<Request, 'service' | 'method' | 'payload' | 'metadata'>) {
    const sent = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Uint8Array>();
    this.sent = sent.promise;
    this.answer = answer.promise;
    // Whoever waits for one of them need not wait for the other.
    sent.promise.catch(() => {});
    answer.promise.catch(() => {});
    const socket = connect(path);
    this.#socket = socket;
    const what = `${request.service}/${request.method}`;
    const fail = (error: unknown): void => {
      sent.reject(error);
      answer.reject(error);
      socket.destroy();
    };
    socket.once('connect', () => socket.write(encode(request), () => sent.resolve()));
    socket.on('error', (error) =>
      fail(new PouchError('unavailable', `${what} at ${path}: ${errorMessage(error)}`, { cause: error })),
    );
    socket.on('close', () => fail(new PouchError('unavailable', `${what} at ${path}: the connection ended`)));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const payload = firstPayload(received);
        if (!payload) return;
        answer.resolve(decode(what, payload));
        socket.destroy();
      } catch (error) {
        fail(error);
      }
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function encode(request: Pick<Request, 'service' | 'method' | 'payload' | 'metadata'>): Buffer {
  const payload = Request.encode({ ...request, timeoutNano: 0n }).finish();
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(1, 4);
  header[8] = REQUEST;
  return Buffer.concat([header, payload]);
}

function firstPayload(received: Buffer): Buffer | undefined {
  if (received.length < HEADER) return undefined;
  const length = received.readUInt32BE(0);
  if (received[8] !== RESPONSE || length > MAX_PAYLOAD)
    throw new PouchError('upstream', `A shim answered with a frame of type ${received[8]} and ${length} bytes.`);
  return received.length < HEADER + length ? undefined : received.subarray(HEADER, HEADER + length);
}

function decode(what: string, bytes: Uint8Array): Uint8Array {
  const { status, payload } = Response.decode(bytes);
  if (status && status.code !== 0) throw statusError(what, status.code, status.message);
  return payload;
}
