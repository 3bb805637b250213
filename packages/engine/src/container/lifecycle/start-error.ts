import { isErrorCode, PouchError } from '@pouch/base';

const CREATE = 'OCI runtime create failed: ';
const UNABLE = 'unable to start container process: ';

/**
 * What a container's failed start is told as: containerd's and the runtime's words with Docker's around them, which people
 * search for. A runtime that does not name the command it could not run gets it named.
 */
export function startError(error: unknown, command: string): unknown {
  if (!(error instanceof PouchError) || !error.message.includes(CREATE)) return error;
  let message = error.message.replace(/: unknown$/, '');
  if (isErrorCode(error, 'command-not-found', 'command-not-executable')) {
    if (!message.includes(UNABLE)) message = message.replace(CREATE, `${CREATE}${UNABLE}`);
    message = message.replace(/: exec: (?=permission denied|no such file)/, `: exec: ${JSON.stringify(command)}: `);
  }
  return new PouchError(error.code, `failed to create task for container: ${message}`, {
    cause: error,
    details: error.details,
  });
}
