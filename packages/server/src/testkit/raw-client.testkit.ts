import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, type ApiServerOptions } from '../api-server.ts';
import type { ServerDependencies } from '../server-dependencies.ts';

/** A server on a socket of its own, gone at the end of the test. */
export async function serve(
  services: ServerDependencies,
  options: Partial<ApiServerOptions> = {},
): Promise<{ path: string; server: ApiServer } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-server-'));
  const path = join(directory, 'api.sock');
  const server = new ApiServer({ version: '0.0.0', ...options }, services);
  await server.listen({ unix: path });
  return {
    path,
    server,
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A connection that sends and shows bytes as they are. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = Promise.withResolvers<void>();

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#notify();
    });
    const end = (): void => {
      this.#ended = true;
      this.#notify();
    };
    this.socket.on('end', end).on('close', end).on('error', end);
  }

  get received(): Buffer {
    return this.#received;
  }

  get text(): string {
    return this.#received.toString('latin1');
  }

  send(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /** Resolves when the text received so far contains this. */
  async until(wanted: string): Promise<string> {
    while (!this.text.includes(wanted)) {
      if (this.#ended) throw new Error(`the connection ended before ${JSON.stringify(wanted)}: ${this.text}`);
      await this.#changed();
    }
    return this.text;
  }

  async end(): Promise<string> {
    while (!this.#ended) await this.#changed();
    return this.text;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #changed(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<void>();
  }

  #notify(): void {
    this.#wake.resolve();
  }
}

/** One request on a connection of its own; the whole answer as text. */
export async function exchange(path: string, request: string): Promise<string> {
  using client = new RawClient(path);
  client.send(request);
  return await client.end();
}

/** A request's text; closes the connection after it. */
export function requestText(method: string, url: string, body?: string, headers: Record<string, string> = {}): string {
  const all = {
    Host: 'pouch',
    Connection: 'close',
    ...(body !== undefined && {
      'Content-Length': String(Buffer.byteLength(body)),
      'Content-Type': 'application/json',
    }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}

/** Status, headers and body of an answer that has a Content-Length or ends with the connection. */
export function parseAnswer(text: string): { status: number; head: string; body: string } {
  const split = text.indexOf('\r\n\r\n');
  const head = text.slice(0, split);
  return { status: Number(head.split(' ')[1]), head, body: text.slice(split + 4) };
}
