import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Gives one body to BuildKit, which takes a context that is no session only from a URL: served once, on the loopback device,
 * to whoever knows the path.
 */
export class ContextServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(body: AsyncIterable<Uint8Array>): Promise<ContextServer> {
    const path = `/${randomBytes(32).toString('hex')}`;
    let given = false;
    const server = createServer((request, response) => {
      const { method } = request;
      if (request.url !== path || (method !== 'GET' && method !== 'HEAD') || (given && method === 'GET')) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/x-tar' });
      if (method === 'HEAD') {
        response.end();
        return;
      }
      given = true;
      // A client that goes leaves BuildKit with a body cut short, which it says.
      pipeline(Readable.from(body), response).catch(() => response.destroy());
    });
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new ContextServer(server, `http://127.0.0.1:${port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
