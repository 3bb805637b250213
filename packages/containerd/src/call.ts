import type { CallOptions as GrpcCallOptions, GrpcService, ServiceCallOptions, ServiceDefinition } from '@pouch/grpc';

/** What a caller may say about one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call. */
  readonly deadlineMs?: number | undefined;
  /** What the call makes is kept from garbage collection by the lease of this id. */
  readonly lease?: string | undefined;
  /** Try again when the connection breaks during the call. Reads do so by themselves. */
  readonly retryUnavailable?: boolean | undefined;
  /** Another namespace than the client's. */
  readonly namespace?: string | undefined;
}

/** Makes the typed services of one client. */
export interface ServiceFactory {
  readonly namespace: string;
  service<D extends ServiceDefinition>(definition: D): GrpcService<D>;
}

/** For calls that change something. */
export function toGrpc(options: CallOptions | undefined): ServiceCallOptions {
  if (!options) return {};
  const headers: Record<string, string> = {};
  if (options.lease !== undefined) headers['containerd-lease'] = options.lease;
  if (options.namespace !== undefined) headers['containerd-namespace'] = options.namespace;
  return {
    signal: options.signal,
    deadlineMs: options.deadlineMs,
    retryUnavailable: options.retryUnavailable,
    headers,
  };
}

/** For calls that only read, and may be done twice. */
export function toGrpcRead(options: CallOptions | undefined): ServiceCallOptions {
  return { ...toGrpc(options), retryUnavailable: options?.retryUnavailable ?? true };
}

/** For streams, which are never tried again. */
export function toGrpcStream(options: CallOptions | undefined): GrpcCallOptions {
  const { signal, deadlineMs, headers } = toGrpc(options);
  return { signal, deadlineMs, headers };
}

/** A quoted value in containerd's filter language, whose strings are Go's. */
export function filterValue(text: string): string {
  return JSON.stringify(text);
}
