import { type ErrorCode, PouchError } from '@pouch/base';

/** google.rpc.Code, the part of it that servers send. */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const CODES: Readonly<Record<number, ErrorCode>> = {
  [GRPC_STATUS.CANCELLED]: 'cancelled',
  [GRPC_STATUS.UNKNOWN]: 'upstream',
  [GRPC_STATUS.INVALID_ARGUMENT]: 'invalid-argument',
  [GRPC_STATUS.DEADLINE_EXCEEDED]: 'deadline-exceeded',
  [GRPC_STATUS.NOT_FOUND]: 'not-found',
  [GRPC_STATUS.ALREADY_EXISTS]: 'already-exists',
  [GRPC_STATUS.PERMISSION_DENIED]: 'permission-denied',
  [GRPC_STATUS.RESOURCE_EXHAUSTED]: 'unavailable',
  [GRPC_STATUS.FAILED_PRECONDITION]: 'conflict',
  [GRPC_STATUS.ABORTED]: 'conflict',
  [GRPC_STATUS.OUT_OF_RANGE]: 'invalid-argument',
  [GRPC_STATUS.UNIMPLEMENTED]: 'unsupported',
  [GRPC_STATUS.INTERNAL]: 'upstream',
  [GRPC_STATUS.UNAVAILABLE]: 'unavailable',
  [GRPC_STATUS.DATA_LOSS]: 'data-loss',
  [GRPC_STATUS.UNAUTHENTICATED]: 'unauthenticated',
};

/**
 * The PouchError of a gRPC status; the server's message is kept. `details` says the method, the status number (`grpc`), and
 * whether the request may have been acted on (`sent`).
 */
export function statusError(method: string, grpc: number, message: string, sent = true): PouchError {
  return new PouchError(CODES[grpc] ?? 'upstream', message || `The server answered ${method} with status ${grpc}.`, {
    details: { method, grpc, sent },
  });
}

/** The headers that end a call: its status, with a message where it failed. */
export function statusTrailers(error?: PouchError): Record<string, string> {
  if (!error) return { 'grpc-status': '0' };
  return { 'grpc-status': String(error.grpcStatus), 'grpc-message': encodeURIComponent(error.message) };
}

/** Undo the percent-encoding of a `grpc-message` header; what is not valid stays as it came. */
export function decodeStatusMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
