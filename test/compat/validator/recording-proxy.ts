import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Checked, checkExchange } from './check-exchange.ts';
import { type Exchange, exchangeOf, frameRequest, frameResponse, parseRequestLine, statusOf } from './exchange.ts';
import { type MessageHead, MessageReader } from './http-messages.ts';

export interface Recorded extends Checked {
  readonly exchange: Exchange;
}

export interface RecordingProxyOptions {
  /** The socket that clients use. */
  readonly listen: string;
  /** The daemon's. */
  readonly upstream: string;
  readonly onExchange: (recorded: Recorded) => void;
  /** What went by could not be read as HTTP. */
  readonly onUnreadable: (problem: string) => void;
}

/**
 * Stands between clients and a daemon on unix sockets, hands every byte on as it is, and checks each answer that goes by
 * against the contract. Dispose it to stop.
 */
export class RecordingProxy implements AsyncDisposable {
  readonly #options: RecordingProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: RecordingProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  static async start(options: RecordingProxyOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options);
    rmSync(options.listen, { force: true });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(options.listen, resolve);
    });
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    const daemon = connect({ path: this.#options.upstream, allowHalfOpen: true });
    const conversation = new Conversation(this.#options);
    for (const [from, to] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (data: Buffer) => {
        if (from === client) conversation.fromClient(data);
        else conversation.fromDaemon(data);
        if (!to.write(data)) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        if (from === daemon) conversation.end();
        if (from.errored || from === client) to.destroySoon();
      });
    }
  }
}

/** The two directions of one connection. */
class Conversation {
  readonly #options: RecordingProxyOptions;
  /** Requests whose answers have not come yet. */
  readonly #requests: MessageHead[] = [];
  readonly #client: MessageReader;
  readonly #daemon: MessageReader;
  #unreadable = false;

  constructor(options: RecordingProxyOptions) {
    this.#options = options;
    this.#client = new MessageReader({
      keepBodies: false,
      frame: (head) => {
        this.#requests.push(head);
        return frameRequest(head);
      },
      onMessage: () => {},
    });
    this.#daemon = new MessageReader({
      keepBodies: true,
      frame: (head) => {
        const { method, url } = parseRequestLine(this.#requests[0] ?? head);
        const framing = frameResponse(head, method, url);
        if (framing.kind === 'raw') this.#unreadable = true;
        return framing;
      },
      onMessage: ({ head, body, truncated }) => this.#answered(head, body, truncated),
      onPart: (head, body) => this.#answered(head, body, true),
    });
  }

  fromClient(data: Buffer): void {
    this.#read(this.#client, data);
  }

  fromDaemon(data: Buffer): void {
    this.#read(this.#daemon, data);
  }

  end(): void {
    this.#daemon.end();
  }

  #read(reader: MessageReader, data: Buffer): void {
    if (this.#unreadable) return;
    try {
      reader.feed(data);
    } catch (error) {
      this.#unreadable = true;
      const request = this.#requests[0]?.start ?? 'no request';
      this.#options.onUnreadable(`${request}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #answered(head: MessageHead, body: Buffer, partial: boolean): void {
    // An interim answer (100 Continue): the final one follows.
    if (statusOf(head) < 200 && statusOf(head) !== 101) return;
    const request = this.#requests.shift();
    if (!request) return;
    const exchange = exchangeOf(request, head, body, partial);
    this.#options.onExchange({ exchange, ...checkExchange(exchange) });
  }
}
