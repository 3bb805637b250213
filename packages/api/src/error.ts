import { asPouchError, ERROR_CATALOGUE, type ErrorCode, PouchError } from '@pouch/base';
import type { ErrorResponse } from './schemas/error-response.ts';

/** The status and the body with which an error is answered. */
export function errorResponse(error: unknown): { readonly status: number; readonly body: ErrorResponse } {
  const known = asPouchError(error);
  return { status: known.httpStatus, body: { message: known.message } };
}

/** For a status that several codes share, the one a client should take it for. */
const CODE_OF: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-argument',
  409: 'conflict',
  500: 'internal',
  501: 'unsupported',
};

/** A client's view of a failed answer: the message of its body, under the code of its status. */
export function errorFromResponse(status: number, body: string): PouchError {
  const code = CODE_OF[status] ?? codes().get(status) ?? (status < 500 ? 'invalid-argument' : 'internal');
  return new PouchError(code, messageOf(body) ?? `The daemon answered with HTTP status ${status}.`, {
    details: { status },
  });
}

function messageOf(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string') {
      return value.message;
    }
  } catch {
    // Not JSON: a proxy or another server answered in its own words.
  }
  const text = body.trim();
  return text === '' ? undefined : text.slice(0, 1000);
}

let byStatus: Map<number, ErrorCode> | undefined;
function codes(): Map<number, ErrorCode> {
  byStatus ??= new Map(
    (Object.entries(ERROR_CATALOGUE) as [ErrorCode, { http: number }][]).map(([code, kind]) => [kind.http, code]),
  );
  return byStatus;
}
