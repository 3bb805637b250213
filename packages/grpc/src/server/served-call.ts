import { constants, type ServerHttp2Stream } from 'node:http2';
import { asPouchError, PouchError } from '@pouch/base';
import { FrameDecoder, frame } from '../framing.ts';
import { statusTrailers } from '../status.ts';
import type { CallContext, ServedMethod, StreamHandler, UnaryHandler } from './implementation.ts';

/** One call of a client that is answered here. */
export class ServedCall {
  readonly #stream: ServerHttp2Stream;
  readonly #method: ServedMethod;
  readonly #context: CallContext;
  readonly #abort = new AbortController();
  #trailers: Record<string, string> = {};

  /** `headers`: names and values in turn, as they came. */
  constructor(stream: ServerHttp2Stream, method: ServedMethod, headers: readonly string[]) {
    this.#stream = stream;
    this.#method = method;
    this.#context = { signal: this.#abort.signal, metadata: (name) => valuesOf(headers, name) };
    stream.on('error', () => {}); // 'close' follows.
    stream.once('close', () => this.#abort.abort(new PouchError('cancelled', 'the caller ended the call')));
    stream.once('wantTrailers', () => stream.sendTrailers(this.#trailers));
  }

  /** Answer it; resolves when the answer has been given, whatever it is. */
  async run(): Promise<void> {
    const { definition, handler } = this.#method;
    try {
      if (definition.requestStream) await this.#exchange(handler as StreamHandler<unknown, unknown>);
      else await this.#answer(handler as UnaryHandler<unknown, unknown>);
      this.#end();
    } catch (error) {
      this.#end(asPouchError(error));
    }
  }

  async #answer(handler: UnaryHandler<unknown, unknown>): Promise<void> {
    let request: unknown;
    for await (const message of this.#requests()) request ??= message;
    if (request === undefined) throw new PouchError('invalid-argument', 'the call came without a message');
    await this.#send(await handler(request, this.#context));
  }

  async #exchange(handler: StreamHandler<unknown, unknown>): Promise<void> {
    await handler(this.#requests(), (message) => this.#send(message), this.#context);
  }

  async *#requests(): AsyncGenerator<unknown, void, undefined> {
    const decoder = new FrameDecoder('client');
    for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
      for (const message of decoder.push(chunk as Buffer)) yield this.#method.definition.requestType.decode(message);
    }
    if (decoder.isPartial) throw new PouchError('data-loss', 'a message was cut short');
  }

  async #send(message: unknown): Promise<void> {
    const stream = this.#stream;
    this.#context.signal.throwIfAborted();
    this.#begin();
    const { responseType } = this.#method.definition;
    const bytes = responseType.encode(responseType.fromPartial(message as never) as never).finish();
    if (stream.write(frame(bytes))) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once('drain', resolve).once('close', resolve);
    await promise;
    stream.off('drain', resolve).off('close', resolve);
  }

  #begin(): void {
    if (this.#stream.headersSent) return;
    this.#stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  }

  #end(error?: PouchError): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    this.#trailers = statusTrailers(error);
    this.#begin();
    stream.end();
    // What nobody reads any more must not hold the connection's window.
    stream.resume();
  }
}

/** Refuse a call of what is not served. */
export function refuseCall(stream: ServerHttp2Stream, path: string): void {
  stream.on('error', () => {});
  if (stream.destroyed) return;
  const trailers = statusTrailers(new PouchError('unsupported', `unknown method ${path}`));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) values.push(headers[at + 1] as string);
  }
  return values;
}
