import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that an answer may take, on a machine that others load too; longer counts as a request that hangs. */
const PATIENCE = 180_000;

/**
 * What became of a request: `ok` and `refused` are the daemon's word; after `unsure` (the connection broke, or the
 * daemon said that it failed inside) the thing asked for may or may not have happened.
 */
export interface Outcome {
  readonly kind: 'ok' | 'refused' | 'unsure' | 'hung';
  readonly status: number;
  readonly text: string;
}

/** Requests to a daemon that may be gone at any moment. None of them throws. */
export class FaultClient {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async send(method: string, path: string, body?: object): Promise<Outcome> {
    const raw = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) };
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const message = request(
      { socketPath: this.#socket, method, path, headers, agent: false, signal: AbortSignal.timeout(PATIENCE) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => resolve(broken(error)));
        response.on('end', () => resolve(judge(response.statusCode ?? 0, Buffer.concat(chunks).toString('latin1'))));
      },
    );
    message.on('error', (error) => resolve(broken(error)));
    message.end(raw);
    return await promise;
  }

  /** A request whose answer is the daemon's word; asked again until a daemon is there to give it. */
  async certain(method: string, path: string, body?: object): Promise<Outcome> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const outcome = await this.send(method, path, body);
      if (outcome.kind !== 'unsure') return outcome;
      if (performance.now() > deadline) return { ...outcome, kind: 'hung' };
      await sleep(50);
    }
  }

  /** A POST whose connection turns into the stream of a process; what came until its end, frames and all. */
  async stream(path: string, body: object): Promise<Outcome> {
    const raw = JSON.stringify(body);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const chunks: Buffer[] = [];
    const socket = connect(this.#socket);
    const timer = setTimeout(() => {
      resolve({ kind: 'hung', status: 0, text: Buffer.concat(chunks).toString('latin1') });
      socket.destroy();
    }, PATIENCE);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => resolve(broken(error)));
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
      resolve(status === 0 ? broken(new Error('no answer')) : judge(status, text));
    });
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: chaos\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(raw)}\r\n\r\n${raw}`,
    );
    const outcome = await promise;
    clearTimeout(timer);
    socket.destroy();
    return outcome;
  }
}

function judge(status: number, text: string): Outcome {
  const kind = status >= 500 ? 'unsure' : status >= 400 ? 'refused' : 'ok';
  return { kind, status, text };
}

function broken(error: Error): Outcome {
  return { kind: error.name === 'TimeoutError' ? 'hung' : 'unsure', status: 0, text: error.message };
}
