import { type PouchError, sleep } from '@pouch/base';
import { type CallOptions, GrpcCall } from './call.ts';
import type { GrpcChannel } from './channel.ts';

interface Encoder {
  finish(): Uint8Array;
}

interface Codec {
  // Methods, so that a codec of any message fits.
  encode(message: never): Encoder;
  decode(bytes: Uint8Array): unknown;
  fromPartial(partial: never): unknown;
}

/** One method, as ts-proto's generic definitions give it. */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: Codec;
  readonly requestStream: boolean;
  readonly responseType: Codec;
  readonly responseStream: boolean;
}

export interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

type NamesOf<D extends ServiceDefinition, Q extends boolean, S extends boolean> = {
  [K in keyof D['methods']]: D['methods'][K] extends { requestStream: Q; responseStream: S } ? K : never;
}[keyof D['methods']] &
  string;

export type RequestOf<D extends ServiceDefinition, K extends keyof D['methods']> = Parameters<
  D['methods'][K]['requestType']['fromPartial']
>[0];
export type ResponseOf<D extends ServiceDefinition, K extends keyof D['methods']> = ReturnType<
  D['methods'][K]['responseType']['decode']
>;

export interface ServiceCallOptions extends CallOptions {
  /** Try again when the connection breaks during the call: for calls that do no harm when done twice. */
  readonly retryUnavailable?: boolean | undefined;
}

/** A call with messages both ways. Dispose it to cancel. */
export interface DuplexCall<Request, Response> extends Disposable {
  write(request: Request): Promise<void>;
  end(): void;
  readonly responses: AsyncGenerator<Response, void, undefined>;
}

const RETRIES = 3;

/** Typed calls of one service's methods. */
export class GrpcService<D extends ServiceDefinition> {
  readonly #definition: D;
  readonly #channel: GrpcChannel;
  readonly #defaults: () => CallOptions;

  /** `defaults` is asked at each call; what the call itself says wins, headers are merged. */
  constructor(definition: D, channel: GrpcChannel, defaults: () => CallOptions = () => ({})) {
    this.#definition = definition;
    this.#channel = channel;
    this.#defaults = defaults;
  }

  async unary<K extends NamesOf<D, false, false>>(
    name: K,
    request: RequestOf<D, K>,
    options: ServiceCallOptions = {},
  ): Promise<ResponseOf<D, K>> {
    const method = this.#method(name);
    const bytes = encode(method, request);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const call = await this.#open(method, options);
        call.end(bytes);
        return method.responseType.decode(await call.single()) as ResponseOf<D, K>;
      } catch (error) {
        if (attempt >= RETRIES || !mayRetry(error as PouchError, options)) throw error;
        await sleep(20 * attempt, options.signal);
      }
    }
  }

  /** A stream of answers to one request. Leaving the loop cancels the call. */
  async *stream<K extends NamesOf<D, false, true>>(
    name: K,
    request: RequestOf<D, K>,
    options: CallOptions = {},
    onOpen?: () => void,
  ): AsyncGenerator<ResponseOf<D, K>, void, undefined> {
    const method = this.#method(name);
    const bytes = encode(method, request);
    const call = await this.#open(method, options);
    call.end(bytes);
    onOpen?.();
    for await (const message of call) yield method.responseType.decode(message) as ResponseOf<D, K>;
  }

  async duplex<K extends NamesOf<D, true, true>>(
    name: K,
    options: CallOptions = {},
  ): Promise<DuplexCall<RequestOf<D, K>, ResponseOf<D, K>>> {
    const method = this.#method(name);
    const call = await this.#open(method, options);
    return {
      write: (request) => call.write(encode(method, request)),
      end: () => call.end(),
      responses: decodeAll<ResponseOf<D, K>>(method, call),
      [Symbol.dispose]: () => call[Symbol.dispose](),
    };
  }

  #method(name: string): MethodDefinition {
    return this.#definition.methods[name] as MethodDefinition;
  }

  #open(method: MethodDefinition, options: CallOptions): Promise<GrpcCall> {
    const defaults = this.#defaults();
    return GrpcCall.open(this.#channel, `/${this.#definition.fullName}/${method.name}`, {
      ...defaults,
      ...options,
      headers: { ...defaults.headers, ...options.headers },
    });
  }
}

async function* decodeAll<T>(method: MethodDefinition, call: GrpcCall): AsyncGenerator<T, void, undefined> {
  for await (const message of call) yield method.responseType.decode(message) as T;
}

function encode(method: MethodDefinition, request: unknown): Uint8Array {
  const { requestType } = method;
  return requestType.encode(requestType.fromPartial(request as never) as never).finish();
}

/** A refused or unsent request is safe to send again; one that was sent only where the caller says so. */
function mayRetry(error: PouchError, options: ServiceCallOptions): boolean {
  if (error.code !== 'unavailable' || error.details?.['grpc'] === undefined || options.signal?.aborted) return false;
  return error.details['sent'] === false || options.retryUnavailable === true;
}
