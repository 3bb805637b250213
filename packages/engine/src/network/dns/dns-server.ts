import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { background, type Logger } from '@pouch/base';
import { answerLocally, encodeAnswer, encodeError, parseQuery, RCODE } from './dns-answers.ts';
import type { NamedSandbox, NameTable } from './name-table.ts';
import { frame, Upstream, type UpstreamServer } from './upstream.ts';

export interface DnsServerDependencies {
  readonly names: NameTable;
  readonly log: Logger;
  /** The host's own servers, read anew for each question so that a changed resolv.conf counts. */
  readonly hostServers: () => Promise<readonly UpstreamServer[]>;
}

interface Listener {
  readonly networkId: string;
  readonly udp: UdpSocket;
  readonly tcp: Server;
  readonly connections: Set<Socket>;
}

const TCP_IDLE_MS = 10_000;
const MAX_TCP_CONNECTIONS = 256;

/**
 * The name server of the containers: on every bridge it listens on the gateway's address at a high port, to which the
 * packet filter sends questions for port 53. Who asks is known by the address the question comes from.
 */
export class DnsServer implements AsyncDisposable {
  readonly #names: NameTable;
  readonly #log: Logger;
  readonly #hostServers: () => Promise<readonly UpstreamServer[]>;
  readonly #upstream = new Upstream();
  readonly #listeners = new Map<string, Listener>();

  constructor(dependencies: DnsServerDependencies) {
    this.#names = dependencies.names;
    this.#log = dependencies.log;
    this.#hostServers = dependencies.hostServers;
  }

  /** Listen on UDP and TCP at a gateway's address. Twice on the same address does nothing. */
  async listen(networkId: string, address: string, port: number): Promise<void> {
    const key = `${address} ${port}`;
    if (this.#listeners.has(key)) return;
    const udp = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    const tcp = createServer({ allowHalfOpen: false });
    const listener: Listener = { networkId, udp, tcp, connections: new Set() };
    this.#listeners.set(key, listener);
    try {
      udp.bind({ port, address, exclusive: true });
      tcp.listen({ port, host: address, exclusive: true });
      await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
    } catch (error) {
      this.#listeners.delete(key);
      await close(listener).catch(() => {});
      throw error;
    }
    udp.unref();
    tcp.unref();
    udp.on('error', (error) => this.#log.warn('DNS socket failed', { address, error }));
    tcp.on('error', (error) => this.#log.warn('DNS socket failed', { address, error }));
    udp.on('message', (message, from) => this.#onDatagram(listener, message, from.address, from.port));
    tcp.on('connection', (socket) => this.#onConnection(listener, socket));
  }

  async close(address: string, port: number): Promise<void> {
    const key = `${address} ${port}`;
    const listener = this.#listeners.get(key);
    this.#listeners.delete(key);
    if (listener) await close(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(all.map(close));
  }

  #onDatagram(listener: Listener, message: Buffer, address: string, port: number): void {
    background(
      this.#answer(listener, message, address, true).then((answer) => {
        if (answer) listener.udp.send(answer, port, address, () => {});
      }),
      (error) => this.#log.debug('DNS question failed', { address, error }),
    );
  }

  #onConnection(listener: Listener, socket: Socket): void {
    if (listener.connections.size >= MAX_TCP_CONNECTIONS) {
      socket.destroy();
      return;
    }
    listener.connections.add(socket);
    let received = Buffer.alloc(0);
    let queue = Promise.resolve();
    const address = socket.remoteAddress ?? '';
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => listener.connections.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > 2 * 65_537) {
        socket.destroy();
        return;
      }
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const message = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + message.length);
        queue = queue
          .then(() => this.#answer(listener, message, address, false))
          .then((answer) => void (answer && socket.write(frame(answer))))
          .catch(() => void socket.destroy());
      }
    });
  }

  async #answer(listener: Listener, message: Buffer, from: string, overUdp: boolean): Promise<Buffer | undefined> {
    const client = this.#names.client(listener.networkId, from);
    const query = client && parseQuery(message);
    if (!query) return undefined;
    if (query === 'malformed') return encodeError(message, RCODE.formErr);
    if (query === 'unsupported') return encodeError(message, RCODE.notImp);
    const local = answerLocally(this.#names, client, query);
    if (local) return encodeAnswer(query, RCODE.noError, local, overUdp);
    const servers = await this.#serversFor(client);
    if (servers.length === 0) return encodeAnswer(query, RCODE.servFail, [], overUdp);
    try {
      return await this.#upstream.ask(message, servers, !overUdp);
    } catch {
      return encodeAnswer(query, RCODE.servFail, [], overUdp);
    }
  }

  /** None for a container that is only on internal networks: its questions stay inside. */
  async #serversFor(client: NamedSandbox): Promise<readonly UpstreamServer[]> {
    if (!client.endpoints.some((endpoint) => endpoint.external)) return [];
    if (client.dns.length > 0) return client.dns.map((address) => ({ address }));
    return await this.#hostServers();
  }
}

async function close(listener: Listener): Promise<void> {
  for (const socket of listener.connections) socket.destroy();
  await Promise.all([
    new Promise<void>((resolve) => listener.udp.close(() => resolve())),
    new Promise<void>((resolve) => listener.tcp.close(() => resolve())),
  ]);
}
