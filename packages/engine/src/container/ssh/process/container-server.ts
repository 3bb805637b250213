import { randomBytes } from 'node:crypto';
import type { Server as TcpServer, Socket } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import type { SshCommand, SshReport } from '../wire.ts';
import { AuthorisedKeys, fingerprint } from './authorised-keys.ts';
import { hostKey } from './host-key.ts';
import { NetnsSockets } from './netns-sockets.ts';
import { serveSession } from './session.ts';

type Open = Extract<SshCommand, { kind: 'open' }>;

/** More at once are turned away before they cost anything. */
const MOST_CONNECTIONS = 50;
/** Milliseconds in which a client must have shown a key. */
const LOGIN_GRACE = 60_000;

/** The SSH server of one container, on a socket in its network namespace. */
export class ContainerServer implements Disposable {
  readonly #options: Open;
  readonly #socket: string;
  readonly #report: (report: SshReport) => void;
  readonly #sockets: NetnsSockets;
  readonly #connections = new Set<Connection>();
  readonly #raw = new Set<Socket>();
  #server: TcpServer | undefined;
  #closed = false;

  constructor(options: Open, dependencies: { socket: string; report: (report: SshReport) => void }) {
    this.#options = options;
    this.#socket = dependencies.socket;
    this.#report = dependencies.report;
    this.#sockets = new NetnsSockets(options);
  }

  async start(): Promise<void> {
    const { container, port, keys, hostKeyFile } = this.#options;
    const key = hostKey(hostKeyFile);
    const authorised = new AuthorisedKeys(keys);
    const ssh = new ssh2.Server({ hostKeys: [key], ident: 'Pouch', keepaliveInterval: 60_000, keepaliveCountMax: 3 });
    ssh.on('connection', (connection, { ip }) => this.#serve(connection, ip, authorised));
    const server = await this.#sockets.listen(port);
    if (this.#closed) {
      server.close();
      return;
    }
    this.#server = server;
    server.on('connection', (socket) => {
      if (this.#raw.size >= MOST_CONNECTIONS) return socket.destroy();
      this.#raw.add(socket);
      socket.once('close', () => this.#raw.delete(socket));
      ssh.injectSocket(socket);
    });
    const parsed = ssh2.utils.parseKey(key);
    const print = parsed instanceof Error ? '' : fingerprint(parsed.getPublicSSH());
    this.#report({ kind: 'opened', container, fingerprint: print });
  }

  #serve(connection: Connection, address: string, authorised: AuthorisedKeys): void {
    const { container } = this.#options;
    const session = randomBytes(8).toString('hex');
    let login: { user: string; key: string } | undefined;
    const late = setTimeout(() => connection.end(), LOGIN_GRACE);
    connection.on('authentication', (context) => {
      const key = context.method === 'publickey' ? authorised.check(context) : undefined;
      if (key === undefined) return context.reject(['publickey']);
      login = { user: context.username, key };
      context.accept();
    });
    connection.once('ready', () => {
      if (!login) return connection.end();
      clearTimeout(late);
      this.#connections.add(connection);
      this.#report({ kind: 'login', container, ...login, address, session });
      const { user } = login;
      connection.on('session', (accept) => serveSession(accept(), { container, user, socket: this.#socket }));
    });
    // Local forwarding: the connection is made from inside the container.
    connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.#sockets.connect(destIP, destPort).then(
        (socket) => {
          const channel = accept();
          socket.on('error', () => channel.destroy());
          channel.on('error', () => socket.destroy());
          channel.once('close', () => socket.destroy());
          socket.pipe(channel).pipe(socket);
        },
        () => reject(),
      );
    });
    connection.on('error', () => {});
    connection.once('close', () => {
      clearTimeout(late);
      this.#connections.delete(connection);
      if (login) this.#report({ kind: 'logout', container, ...login, address, session });
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#server?.close();
    for (const connection of this.#connections) connection.end();
    for (const socket of this.#raw) socket.destroy();
    this.#sockets[Symbol.dispose]();
  }
}
