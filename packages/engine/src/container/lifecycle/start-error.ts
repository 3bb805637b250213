import { isErrorCode, PouchError } from '@pouch/base';

const CREATE = 'OCI runtime create failed: ';
const EXEC = 'OCI runtime exec failed: ';
const UNABLE = 'unable to start container process: ';

/**
 * What a container's failed start is told as: containerd's and the runtime's words with Docker's around them, which people
 * search for. A runtime that does not name the command it could not run gets it named.
 */
export function startError(error: unknown, command: string): unknown {
  if (!(error instanceof PouchError) || !error.message.includes(CREATE)) return error;
  return told(error, `failed to create task for container: ${namedCommand(error, CREATE, '', command)}`);
}

/** As `startError`, for a command in a container that runs. */
export function execError(error: unknown, command: string): unknown {
  if (!(error instanceof PouchError) || !error.message.includes(EXEC)) return error;
  return told(error, namedCommand(error, EXEC, 'exec failed: ', command));
}

function namedCommand(error: PouchError, head: string, step: string, command: string): string {
  const message = error.message.replace(/: unknown$/, '');
  if (!isErrorCode(error, 'command-not-found', 'command-not-executable')) return message;
  const whole = message.includes(UNABLE) ? message : message.replace(head, `${head}${step}${UNABLE}`);
  return whole.replace(/: exec: (?=permission denied|no such file)/, `: exec: ${JSON.stringify(command)}: `);
}

function told(error: PouchError, message: string): PouchError {
  return new PouchError(error.code, message, { cause: error, details: error.details });
}
