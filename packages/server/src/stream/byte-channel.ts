import { drained } from '@pouch/base';
import type { Duplex } from 'node:stream';

/** Milliseconds that a client gets to close its side after the last byte went out. */
const LINGER = 2000;

/** A connection that carries bytes both ways, each way ending by itself. */
export interface ByteChannel {
  /** What the client sends; ends when it closes its sending side. Read once. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Aborted when the connection is gone altogether. */
  readonly closed: AbortSignal;
  /** Resolves when the client can take more. The parts go out in one piece. */
  write(...parts: Uint8Array[]): Promise<void>;
  /** No more output: let the client read what is under way, then close. */
  end(): Promise<void>;
}

/** A hijacked socket. */
export class SocketChannel implements ByteChannel {
  readonly input: AsyncIterable<Uint8Array>;
  readonly closed: AbortSignal;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.closed = closedSignal(socket);
    this.input = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  }

  async write(...parts: Uint8Array[]): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    await drained(this.#socket);
  }

  async end(): Promise<void> {
    await endAndLinger(this.#socket);
  }
}

export function closedSignal(socket: Duplex): AbortSignal {
  const controller = new AbortController();
  const onClose = (): void => controller.abort();
  if (socket.destroyed) onClose();
  else socket.once('close', onClose);
  return controller.signal;
}

/**
 * Close without losing what was written: closing a socket with unread input resets it, and a reset may overtake the last
 * bytes. So the sending side ends first, and input is thrown away until the client has closed, too.
 */
export async function endAndLinger(socket: Duplex): Promise<void> {
  if (socket.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = (): void => {
    // Output may still wait for a slow reader; its end, not the clock, decides then.
    if (socket.writableLength > 0 && !socket.destroyed) timer = setTimeout(deadline, LINGER);
    else socket.destroy();
  };
  let timer = setTimeout(deadline, LINGER);
  socket.once('close', resolve);
  socket.once('end', () => {
    if (socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
  });
  socket.end();
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  socket.resume();
  await promise;
  clearTimeout(timer);
}
