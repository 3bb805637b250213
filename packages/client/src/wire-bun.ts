import type { Endpoint } from './endpoint.ts';
import type { Wire, WireHandlers } from './wire-types.ts';

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
  // Bun calls these without their object.
  const socket: BunSocketHandlers = {
    open: (opened) => {
      wire.socket = opened;
    },
    data: (_socket, chunk) => handlers.onData(chunk),
    drain: () => wire.drained(),
    end: () => wire.ended(),
    close: (_socket, error) => wire.closed(error),
    error: (_socket, error) => wire.failed(error),
    connectError: () => {},
  };
  wire.socket = await bun.connect({ ...where, allowHalfOpen: true, socket });
  return wire;
}

class BunWire implements Wire {
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

  drained(): void {
    if (this.#flush()) this.#handlers.onDrain();
  }

  failed(error: Error): void {
    this.#failure = error;
  }

  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnd();
  }

  closed(error?: Error): void {
    this.ended();
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
