import { PouchError, silentLogger } from '@pouch/base';
import type { AttachSession, OutputChunk } from '@pouch/engine';
import type { ServerDependencies } from '../server-dependencies.ts';

type Fakes = { [K in keyof ServerDependencies]?: Partial<ServerDependencies[K]> };

const noBuildKit = {
  available: false,
  ready: async () => {
    throw new PouchError('unsupported', 'this host has no buildkitd');
  },
} as unknown as ServerDependencies['buildKit'];

/** Services of which only what a test gives is there; anything else fails the request with a plain error. */
export function fakeServices(fakes: Fakes = {}): ServerDependencies {
  const service = <K extends keyof ServerDependencies>(name: K): ServerDependencies[K] =>
    new Proxy(fakes[name] ?? {}, {
      get(target, method) {
        const found: unknown = Reflect.get(target, method);
        if (found !== undefined) return found;
        throw new Error(`the test gives no ${name}.${String(method)}`);
      },
    }) as ServerDependencies[K];
  return {
    containers: service('containers'),
    images: service('images'),
    builds: service('builds'),
    volumes: service('volumes'),
    networks: service('networks'),
    system: service('system'),
    buildKit: fakes.buildKit ? service('buildKit') : noBuildKit,
    events: service('events'),
    logger: (fakes.logger as ServerDependencies['logger'] | undefined) ?? silentLogger,
  };
}

/** A process in memory: it echoes what it reads, and ends when its input ends. */
export class EchoSession implements AttachSession {
  readonly tty: boolean;
  readonly received: Buffer[] = [];
  readonly detachController = new AbortController();
  readonly detached = this.detachController.signal;
  inputEnded = false;
  disposed = 0;
  readonly #queue: OutputChunk[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;
  #keepOpen: boolean;

  constructor(options: { tty?: boolean; keepOpen?: boolean } = {}) {
    this.tty = options.tty ?? false;
    this.#keepOpen = options.keepOpen ?? false;
  }

  readonly output: AsyncIterable<OutputChunk> = this.#output();

  async write(chunk: Uint8Array): Promise<void> {
    this.received.push(Buffer.from(chunk));
    this.emit('stdout', chunk);
  }

  async endInput(): Promise<void> {
    this.inputEnded = true;
    if (!this.#keepOpen) this.end();
  }

  emit(stream: OutputChunk['stream'], data: Uint8Array | string): void {
    this.#queue.push({ stream, data: Buffer.from(data) });
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
    this.end();
  }

  async *#output(): AsyncGenerator<OutputChunk, void, undefined> {
    for (;;) {
      for (let chunk = this.#queue.shift(); chunk; chunk = this.#queue.shift()) yield chunk;
      if (this.#ended) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
