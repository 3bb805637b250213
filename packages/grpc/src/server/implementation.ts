import type { MethodDefinition, ServiceDefinition } from '../service.ts';

/** What a call came with. */
export interface CallContext {
  /** The values of a header, as often as it came. */
  metadata(name: string): readonly string[];
  /** Aborted when the client has given the call up, or is gone. */
  readonly signal: AbortSignal;
}

/** A method with streams both ways: it reads, sends, and is done when it resolves. `send` waits for room. */
export type StreamHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  send: (message: Response) => Promise<void>,
  context: CallContext,
) => Promise<void>;

export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response> | Response;

type Incoming<D extends ServiceDefinition, K extends keyof D['methods']> = ReturnType<
  D['methods'][K]['requestType']['decode']
>;
type Outgoing<D extends ServiceDefinition, K extends keyof D['methods']> = Parameters<
  D['methods'][K]['responseType']['fromPartial']
>[0];

/** A service's methods. What one throws is the status of its call. */
export type Implementation<D extends ServiceDefinition> = {
  readonly [K in keyof D['methods']]: D['methods'][K] extends { requestStream: true; responseStream: true }
    ? StreamHandler<Incoming<D, K>, Outgoing<D, K>>
    : UnaryHandler<Incoming<D, K>, Outgoing<D, K>>;
};

/** A method with what carries it out, its messages not typed any more. */
export interface ServedMethod {
  readonly definition: MethodDefinition;
  readonly handler: StreamHandler<unknown, unknown> | UnaryHandler<unknown, unknown>;
}
