import { type ErrorCode, errnoCode, errorMessage, PouchError } from '@pouch/base';
import type { Endpoint } from './endpoint.ts';

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  304: 'not-modified',
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  405: 'method-not-allowed',
  409: 'conflict',
  413: 'too-large',
  499: 'cancelled',
  501: 'unsupported',
  502: 'upstream',
  503: 'unavailable',
  504: 'deadline-exceeded',
};

/** The daemon's error answer as a PouchError: the message is the daemon's own. */
export function errorFromResponse(status: number, body: string, what: string): PouchError {
  const message = messageOf(body) || `the daemon answered ${what} with status ${status} and no message`;
  const code = CODE_OF_STATUS[status] ?? (status < 500 ? 'invalid-argument' : 'internal');
  return new PouchError(code, message, { details: { status } });
}

function messageOf(body: string): string {
  const text = body.trim();
  if (!text.startsWith('{')) return text.slice(0, 2000);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return parsed.message;
    }
  } catch {
    return text.slice(0, 2000);
  }
  return '';
}

/** What to tell a user whose daemon could not be reached. */
export function connectionError(error: unknown, endpoint: Endpoint): PouchError {
  if (error instanceof PouchError) return error;
  const cannot = `Cannot connect to the Pouch daemon at ${endpoint.host}.`;
  const options = { cause: error };
  switch (errnoCode(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new PouchError(
        'unavailable',
        `${cannot} Is pouchd running?\nStart it with 'systemctl start pouchd' or 'sudo pouchd', or name another with -H or POUCH_HOST.`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new PouchError(
        'permission-denied',
        `${cannot} You may not open that socket.\nAdd yourself to its group with 'sudo usermod -aG pouch $USER' and log in again, or use sudo.`,
        options,
      );
    default:
      return new PouchError('unavailable', `${cannot} ${errorMessage(error)}`, options);
  }
}
