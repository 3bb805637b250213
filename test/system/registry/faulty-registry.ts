import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Answers one request; the default is 404. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on loopback that misbehaves as a test wants, and remembers who asked for what. */
export class FaultyRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  readonly #counts = new Map<string, number>();

  private constructor(handler: Handler) {
    this.#server = createServer((request, response) => {
      const url = request.url ?? '';
      this.requests.push({ method: request.method ?? '', url, headers: request.headers });
      const path = url.split('?')[0] ?? '';
      const count = (this.#counts.get(path) ?? 0) + 1;
      this.#counts.set(path, count);
      handler(request, response, count);
    });
  }

  static async start(handler: Handler): Promise<FaultyRegistry> {
    const registry = new FaultyRegistry(handler);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  get domain(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get url(): string {
    return `http://${this.domain}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Serve bytes with ranges, as a registry ought to. */
export function serve(request: IncomingMessage, response: ServerResponse, bytes: Buffer, end = bytes.length): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': bytes.length - start,
    ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.write(bytes.subarray(start, end), () => {
    if (end < bytes.length) response.destroy();
  });
  if (end === bytes.length) response.end();
}
