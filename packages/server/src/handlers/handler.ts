import type { EndpointOf, Operation, OperationBody, OperationPath, OperationQuery } from '@pouch/api';
import type { Logger } from '@pouch/base';
import type { Call } from '../http/call.ts';
import type { HijackedConnection } from '../http/hijack.ts';
import type { ServerDependencies } from '../server-dependencies.ts';

/** Operations whose connection stops being HTTP. */
export type HijackOperation = {
  [O in Operation]: EndpointOf<O> extends { readonly hijack: true } | { readonly websocket: true } ? O : never;
}[Operation];
export type PlainOperation = Exclude<Operation, HijackOperation>;

/** A request, checked against the contract. */
export interface Input<O extends Operation> {
  readonly call: Call;
  readonly path: OperationPath<O>;
  readonly query: OperationQuery<O>;
  /** undefined for an operation without a JSON body: a body of bytes is read from `call.request`. */
  readonly body: OperationBody<O>;
  /** What the client should be told about its request: fields that nobody knows. */
  readonly warnings: readonly string[];
}

/** Answers one operation through `input.call`. What it throws becomes the answer. */
export type Handler<O extends PlainOperation> = (input: Input<O>, services: ServerDependencies) => Promise<void>;

export interface HijackInput<O extends HijackOperation> {
  readonly path: OperationPath<O>;
  readonly query: OperationQuery<O>;
  readonly body: OperationBody<O>;
  readonly version: number;
  readonly logger: Logger;
  /** The connection, before its head has been answered. From this call on the handler owns it. */
  hijack(): HijackedConnection;
  /** Answer as plain HTTP, without content, in place of hijacking. */
  sendEmpty(status: number): Promise<void>;
}

/** Ends when the connection has ended. What it throws before `hijack` becomes the answer. */
export type HijackHandler<O extends HijackOperation> = (
  input: HijackInput<O>,
  services: ServerDependencies,
) => Promise<void>;

export type Handlers<O extends PlainOperation> = { readonly [K in O]: Handler<K> };
