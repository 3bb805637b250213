import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listenQuickly } from './quick-listener.ts';

type Answer =
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'connected'; readonly call: number }
  | { readonly kind: 'refused'; readonly call: number; readonly message: string };

/** Sockets made in a container's network namespace by a helper there, which is started when one is wanted. */
export class NetnsSockets implements Disposable {
  readonly #netns: string;
  readonly #nameservers: readonly string[];
  readonly #calls = new Map<number, PromiseWithResolvers<Socket>>();
  #helper: ChildProcess | undefined;
  #next = 0;

  constructor(options: { netns: string; nameservers: readonly string[] }) {
    this.#netns = options.netns;
    this.#nameservers = options.nameservers;
  }

  /** A listening socket that nobody has to keep alive but its holder. */
  async listen(port: number): Promise<Server> {
    const quick = await listenQuickly(this.#netns, port);
    if (quick) return quick;
    const helper = this.#start();
    helper.send({ kind: 'listen', port });
    for (;;) {
      const [answer, server] = (await Promise.race([
        once(helper, 'message'),
        once(helper, 'exit').then(() => [{ kind: 'failed', message: 'the helper in the network namespace ended' }]),
      ])) as [Answer, Server];
      if (answer.kind === 'listening') return server;
      if (answer.kind === 'failed') throw new Error(answer.message);
    }
  }

  /** A connection from inside the namespace. Rejects where it is refused. */
  async connect(host: string, port: number): Promise<Socket> {
    const call = this.#next;
    this.#next += 1;
    const waiting = Promise.withResolvers<Socket>();
    this.#calls.set(call, waiting);
    this.#start().send({ kind: 'connect', call, host, port });
    return await waiting.promise;
  }

  #start(): ChildProcess {
    if (this.#helper?.connected) return this.#helper;
    const script = fileURLToPath(new URL('./netns-helper.ts', import.meta.url));
    const args = [`--net=${this.#netns}`, process.execPath, ...process.execArgv, script, ...this.#nameservers];
    const helper = spawn('nsenter', args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#helper = helper;
    helper.on('message', (answer: Answer, handle: unknown) => {
      if (answer.kind !== 'connected' && answer.kind !== 'refused') return;
      const waiting = this.#calls.get(answer.call);
      this.#calls.delete(answer.call);
      if (answer.kind === 'refused') waiting?.reject(new Error(answer.message));
      else waiting?.resolve(handle as Socket);
    });
    const ended = (): void => {
      if (this.#helper === helper) this.#helper = undefined;
      for (const waiting of this.#calls.values())
        waiting.reject(new Error('the helper in the network namespace ended'));
      this.#calls.clear();
    };
    // Also when something is sent to one that has just ended.
    helper.on('error', ended);
    helper.once('exit', ended);
    return helper;
  }

  [Symbol.dispose](): void {
    if (this.#helper?.connected) this.#helper.disconnect();
  }
}
