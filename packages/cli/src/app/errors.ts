import { ERROR_CATALOGUE, errorMessage, PouchError } from '@pouch/base';

/** End with this exit code; the message, when there is one, goes to standard error as it is. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The arguments of a command are too many, too few, or contradict each other. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An error as a line for people: what the daemon said is marked as the daemon's. */
export function describeError(error: unknown): string {
  if (error instanceof PouchError && typeof error.details['status'] === 'number') {
    return `Error response from daemon: ${error.message}`;
  }
  return errorMessage(error);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof ExitError) return error.exitCode;
  return error instanceof PouchError ? ERROR_CATALOGUE[error.code].exit || 1 : 1;
}
