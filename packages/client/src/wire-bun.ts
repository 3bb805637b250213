import type { Endpoint } from './endpoint.ts';
import type { Wire, WireHandlers } from './wire.ts';

/** The part of Bun's socket that is used here. */
interface BunSocket {
  /** Returns how many bytes the kernel took. */
  write(data: Uint8Array): number;
  shutdown(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  terminate(): void;
}

interface BunSocketHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  connectError(socket: BunSocket, error: Error): void;
}

interface BunGlobal {
  connect(options: {
    unix?: string;
    hostname?: string;
    port?: number;
    allowHalfOpen: boolean;
    socket: BunSocketHandlers;
  }): Promise<BunSocket>;
}

/** A {@link Wire} over Bun's native socket. */
export async function connectBunWire(endpoint: Endpoint, handlers: WireHandlers): Promise<Wire> {
  const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;
  const where =
    endpoint.kind === 'unix' ? { unix: endpoint.path } : { hostname: endpoint.hostname, port: endpoint.port };
  const wire = new BunWire(handlers);
  wire.socket = await bun.connect({ ...where, allowHalfOpen: true, socket: wire });
  return wire;
}

class BunWire implements Wire, BunSocketHandlers {
  socket: BunSocket | undefined;
  readonly #handlers: WireHandlers;
  /** What the kernel has not taken yet. */
  #queue: Uint8Array[] = [];
  #ending = false;
  #ended = false;
  #closed = false;
  #failure: Error | undefined;

  constructor(handlers: WireHandlers) {
    this.#handlers = handlers;
  }

  open(socket: BunSocket): void {
    this.socket = socket;
  }

  data(_socket: BunSocket, chunk: Uint8Array): void {
    this.#handlers.onData(chunk);
  }

  drain(): void {
    if (this.#flush()) this.#handlers.onDrain();
  }

  end(): void {
    this.#end();
  }

  error(_socket: BunSocket, error: Error): void {
    this.#failure = error;
  }

  connectError(): void {}

  close(_socket: BunSocket, error?: Error): void {
    this.#end();
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers.onClose(this.#failure ?? error);
  }

  write(data: Uint8Array): boolean {
    if (this.#closed || this.#ending) return true;
    this.#queue.push(data);
    return this.#queue.length > 1 ? false : this.#flush();
  }

  endWrite(): void {
    if (this.#ending) return;
    this.#ending = true;
    if (this.#queue.length === 0) this.socket?.shutdown();
  }

  pause(): void {
    if (!this.#closed) this.socket?.pause();
  }

  resume(): void {
    if (!this.#closed) this.socket?.resume();
  }

  setRef(ref: boolean): void {
    if (this.#closed) return;
    if (ref) this.socket?.ref();
    else this.socket?.unref();
  }

  destroy(): void {
    if (!this.#closed) this.socket?.terminate();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnd();
  }

  /** Hand the kernel what is queued; true when all of it went. */
  #flush(): boolean {
    while (this.#queue.length > 0) {
      const head = this.#queue[0] as Uint8Array;
      const taken = Math.max(0, this.socket?.write(head) ?? 0);
      if (taken < head.length) {
        this.#queue[0] = head.subarray(taken);
        return false;
      }
      this.#queue.shift();
    }
    if (this.#ending) this.socket?.shutdown();
    return true;
  }
}
