import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { PouchError } from '@pouch/base';

/** Lets in the clients whose certificate has one of these common names. */
export class ManagerWhitelist {
  readonly #names: ReadonlySet<string>;
  readonly #known = new WeakMap<Socket, string>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /** Throws `permission-denied` for a client that is not on the list. */
  check(socket: Socket): void {
    let name = this.#known.get(socket);
    if (name === undefined) {
      name = commonName(socket);
      this.#known.set(socket, name);
    }
    if (this.#names.has(name)) return;
    throw new PouchError(
      'permission-denied',
      `the client ${JSON.stringify(name.slice(0, 64))} is not on this daemon's manager whitelist`,
    );
  }
}

function commonName(socket: Socket): string {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return '';
  const name: unknown = socket.getPeerCertificate()?.subject?.CN;
  return typeof name === 'string' ? name : '';
}
