/**
 * The error catalogue: one code per kind of failure, and what each transport says for it. Every error that leaves a
 * manager is a PouchError; its message says what was asked, what failed and what to do.
 */

interface ErrorKind {
  /** HTTP status of the Docker-compatible API. */
  readonly http: number;
  /** gRPC status code (google.rpc.Code), for CRI. */
  readonly grpc: number;
  /** Exit code of the CLI when a command fails with it. */
  readonly exit: number;
}

export const ERROR_CATALOGUE = {
  'invalid-argument': { http: 400, grpc: 3, exit: 1 },
  unauthenticated: { http: 401, grpc: 16, exit: 1 },
  'permission-denied': { http: 403, grpc: 7, exit: 1 },
  'not-found': { http: 404, grpc: 5, exit: 1 },
  'method-not-allowed': { http: 405, grpc: 12, exit: 1 },
  conflict: { http: 409, grpc: 9, exit: 1 },
  'already-exists': { http: 409, grpc: 6, exit: 1 },
  'too-large': { http: 413, grpc: 3, exit: 1 },
  'not-modified': { http: 304, grpc: 0, exit: 0 },
  /** The runtime could not start the command: it exists but cannot be executed (exit 126). */
  'command-not-executable': { http: 400, grpc: 3, exit: 126 },
  /** The runtime could not start the command: no such file (exit 127). */
  'command-not-found': { http: 400, grpc: 3, exit: 127 },
  /** The host cannot do it: the message names what is missing and what to install or enable. */
  unsupported: { http: 501, grpc: 12, exit: 1 },
  /** Someone else's fault: a registry, a plugin or the runtime answered with an error. */
  upstream: { http: 502, grpc: 13, exit: 1 },
  unavailable: { http: 503, grpc: 14, exit: 1 },
  'deadline-exceeded': { http: 504, grpc: 4, exit: 1 },
  cancelled: { http: 499, grpc: 1, exit: 1 },
  /** A checksum or a stored record is not what it must be. */
  'data-loss': { http: 500, grpc: 15, exit: 1 },
  internal: { http: 500, grpc: 13, exit: 1 },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface PouchErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable facts about the failure, shown in structured logs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class PouchError extends Error {
  override readonly name = 'PouchError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: PouchErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get httpStatus(): number {
    return ERROR_CATALOGUE[this.code].http;
  }

  get grpcStatus(): number {
    return ERROR_CATALOGUE[this.code].grpc;
  }

  get exitCode(): number {
    return ERROR_CATALOGUE[this.code].exit;
  }
}

export function isErrorCode(error: unknown, ...codes: ErrorCode[]): error is PouchError {
  return error instanceof PouchError && codes.includes(error.code);
}

/** The error as a PouchError: itself, `cancelled` for an AbortError, else `internal` with the original as cause. */
export function asPouchError(error: unknown): PouchError {
  if (error instanceof PouchError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new PouchError('cancelled', 'The operation was cancelled.', { cause: error });
  }
  return new PouchError('internal', errorMessage(error), { cause: error });
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`, `EEXIST`, …), or undefined. */
export function errnoCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
