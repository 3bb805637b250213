import { asPouchError, isErrorCode, PouchError } from '@pouch/base';

export interface ErrorAnswer {
  readonly status: number;
  readonly message: string;
  /** Nobody foresaw it: the log gets the stack. */
  readonly unexpected: boolean;
}

/** HTTP status and message for whatever was thrown. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const known = asPouchError(error);
  return {
    status: known.httpStatus,
    message: known.message === '' ? 'the server failed without saying why; its log may tell' : known.message,
    unexpected: !(error instanceof PouchError) && known.code === 'internal',
  };
}

/** True for an error that says only that the client is gone. */
export function isDisconnect(error: unknown): boolean {
  return isErrorCode(asPouchError(error), 'cancelled');
}

export function pageNotFound(): PouchError {
  return new PouchError('not-found', 'page not found');
}
