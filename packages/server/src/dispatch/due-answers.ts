import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PouchError } from '@pouch/base';

/**
 * The answers that each connection still waits for: a client may send several requests one behind the other (RFC 9112,
 * section 9.3.2). One that turns the connection into a stream must be alone on it: an answer before it would come into the
 * stream, and what stands behind it has been read as requests.
 */
export class DueAnswers {
  readonly #due = new WeakMap<Duplex, Set<ServerResponse>>();

  add(response: ServerResponse, connection: Duplex): void {
    let due = this.#due.get(connection);
    if (!due) this.#due.set(connection, (due = new Set()));
    due.add(response);
    response.once('close', () => due.delete(response));
  }

  /** Throws `invalid-argument` when an answer other than this one is due on the connection. */
  requireAlone(connection: Duplex, own: ServerResponse): void {
    if ([...(this.#due.get(connection) ?? [])].some((response) => response !== own)) throw crowded();
  }

  /** For a request that Node.js has upgraded already: throws as above, once the answers before it are out. */
  async requireNone(connection: Duplex): Promise<void> {
    const due = [...(this.#due.get(connection) ?? [])];
    if (due.length === 0) return;
    await Promise.all(due.map((response) => ended(response, connection)));
    throw crowded();
  }
}

async function ended(response: ServerResponse, connection: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('close', resolve);
  connection.once('close', resolve);
  if (response.closed || connection.destroyed) resolve();
  await promise;
}

function crowded(): PouchError {
  return new PouchError(
    'invalid-argument',
    'this request makes its connection a stream, and other requests were sent on the same connection before it was ' +
      'answered: use a connection of its own, and send input after the answer',
  );
}
