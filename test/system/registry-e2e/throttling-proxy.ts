import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { sleep } from '@pouch/base';

/** A TCP proxy to a port of loopback that counts what a server sends, and lets it through no faster than it is told. */
export class ThrottlingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes that the server behind it has sent through it. */
  received = 0;
  /** Bytes a second; 0 for as fast as it goes. */
  rate: number;

  private constructor(target: number, rate: number) {
    this.rate = rate;
    this.#server = createServer((client) => this.#serve(client, target));
  }

  static async start(target: number, rate = 0, address = '127.0.0.1'): Promise<ThrottlingProxy> {
    const proxy = new ThrottlingProxy(target, rate);
    proxy.#server.listen(0, address);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** `127.0.0.1:PORT`, as it stands in references. */
  get domain(): string {
    return `127.0.0.1:${this.port}`;
  }

  #serve(client: Socket, target: number): void {
    const server = connect(target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    void this.#forward(server, client).catch(() => client.destroy());
  }

  async #forward(server: Socket, client: Socket): Promise<void> {
    for await (const chunk of server as AsyncIterable<Buffer>) {
      this.received += chunk.length;
      if (!client.write(chunk)) await Promise.race([once(client, 'drain'), once(client, 'close')]);
      if (this.rate > 0) await sleep((chunk.length / this.rate) * 1000);
    }
    client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
