import type { QueryFields, QueryValues } from '../query.ts';
import type { Schema, Static } from '../schema/type.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** A body of JSON. */
export interface JsonBody<T> {
  readonly kind: 'json';
  readonly schema: Schema<T>;
  /** No body counts as an empty object. */
  readonly optional?: true;
  /** What becomes of fields that the schema does not know: Docker drops them; `warn` also says so in the answer's warnings. */
  readonly unknownFields: 'ignore' | 'warn';
}

/** A body of bytes that is streamed, never held. */
export interface BinaryBody {
  readonly kind: 'binary';
  readonly mediaTypes: readonly string[];
  readonly optional?: true;
  readonly description: string;
}

export type RequestBody = JsonBody<unknown> | BinaryBody;

interface Described {
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly optionalHeaders?: Readonly<Record<string, string>>;
}

export type ResponseSpec = Described &
  (
    | { readonly kind: 'empty' }
    | { readonly kind: 'text' }
    | { readonly kind: 'json'; readonly schema: Schema }
    /** One JSON value after another, as they happen. */
    | { readonly kind: 'json-stream'; readonly schema: Schema }
    | { readonly kind: 'binary'; readonly mediaType: string }
    /** Output of a process, raw from a terminal and else multiplexed; see stream.ts. */
    | { readonly kind: 'stdio' }
  );

export type Tag = 'System' | 'Container' | 'Exec' | 'Image' | 'Network' | 'Volume' | 'Distribution';

export interface Endpoint {
  readonly method: Method;
  /** `{name}` stands for one segment; see `nameHoldsSlashes`. */
  readonly path: string;
  /** The path's name may hold slashes, as those of images do. */
  readonly nameHoldsSlashes?: true;
  readonly tag: Tag;
  readonly summary: string;
  readonly query?: QueryFields;
  /** Credentials may come in `X-Registry-Auth`. */
  readonly registryAuth?: true;
  readonly body?: RequestBody;
  /** By status. The first 2xx is what success means. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Statuses answered with an ErrorResponse, beside 400 and 500. */
  readonly errors?: readonly number[];
  /** How it is not what Docker's is, and why; docs/reference/docker.md shows it. */
  readonly differs?: readonly string[];
  /** First API version that has it; 1.24 where nothing is said. */
  readonly since?: string;
  /** The connection becomes a raw stream in both directions: status 101 with `Upgrade: tcp`, else 200. */
  readonly hijack?: true;
  /** A WebSocket handshake. */
  readonly websocket?: true;
}

type Name<P extends string> = P extends `${string}{${infer N}}${infer Rest}` ? N | Name<Rest> : never;

/** The values in the path. */
export type PathValues<E extends Endpoint> = { readonly [K in Name<E['path']>]: string };
export type QueryOf<E extends Endpoint> = E extends { readonly query: infer Q extends QueryFields }
  ? QueryValues<Q>
  : Record<never, never>;
/** The parsed body of JSON; undefined for an endpoint without one, and for bytes. */
export type BodyOf<E extends Endpoint> = E extends { readonly body: JsonBody<infer T> } ? T : undefined;

type JsonOf<R> = R extends { readonly kind: 'json' | 'json-stream'; readonly schema: infer S extends Schema }
  ? Static<S>
  : never;
/** The body of a successful answer, or one element of a stream of them; never where it is not JSON. */
export type ResultOf<E extends Endpoint> = JsonOf<E['responses'][keyof E['responses']]>;

/** Keeps the literal types that the helpers above read. */
export function endpoint<const E extends Endpoint>(spec: E): E {
  return spec;
}

/** A body whose unknown fields are dropped. */
export function jsonBody<T>(schema: Schema<T>): JsonBody<T> {
  return { kind: 'json', schema, unknownFields: 'ignore' };
}

/** A body whose unknown fields are named in the answer's warnings. */
export function warningBody<T>(schema: Schema<T>): JsonBody<T> {
  return { kind: 'json', schema, unknownFields: 'warn' };
}

export function optionalBody<T>(schema: Schema<T>): JsonBody<T> {
  return { kind: 'json', schema, unknownFields: 'ignore', optional: true };
}

export const TAR_TYPES = ['application/x-tar', 'application/octet-stream'] as const;

export const respond = {
  empty: (description: string) => ({ kind: 'empty', description }) as const,
  text: (description: string) => ({ kind: 'text', description }) as const,
  json: <T>(schema: Schema<T>, description: string) => ({ kind: 'json', schema, description }) as const,
  jsonStream: <T>(schema: Schema<T>, description: string) => ({ kind: 'json-stream', schema, description }) as const,
  tar: (description: string, headers: Readonly<Record<string, string>> = {}) =>
    ({ kind: 'binary', mediaType: 'application/x-tar', description, headers }) as const,
  stdio: (description: string) => ({ kind: 'stdio', description }) as const,
};
