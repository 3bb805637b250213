import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { sleep } from '@pouch/base';
import type { TestDaemon } from '../../harness/test-daemon.ts';

/** Open file descriptors by what they are: sockets and pipes have numbers that mean nothing. */
export function openFiles(pid: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, '');
      found.set(target, (found.get(target) ?? 0) + 1);
    } catch {
      // Closed meanwhile.
    }
  }
  return found;
}

/** What is open more often now than before, a line each; and what is open less often. */
export function fileDifference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const difference = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    return difference === 0 ? [] : [`${name}: ${difference > 0 ? '+' : ''}${difference}`];
  });
}

/** Bytes. */
export function residentMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** A debugger's session with a daemon that was started with `--inspect-port=0`, for garbage collection on demand. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(daemon: TestDaemon): Promise<Inspector> {
    process.kill(daemon.pid, 'SIGUSR1');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const url = /Debugger listening on (ws:\S+)/.exec(daemon.log(100_000))?.[1];
      if (url !== undefined) {
        const socket = new WebSocket(url);
        await new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve);
          socket.addEventListener('error', reject);
        });
        return new Inspector(socket);
      }
      await sleep(50);
    }
    throw new Error('the daemon opened no debugger');
  }

  async #call(method: string): Promise<{ usedSize?: number }> {
    this.#id += 1;
    const id = this.#id;
    const { promise, resolve } = Promise.withResolvers<{ usedSize?: number }>();
    const listen = (event: MessageEvent): void => {
      const answer = JSON.parse(String(event.data)) as { id?: number; result?: { usedSize?: number } };
      if (answer.id !== id) return;
      this.#socket.removeEventListener('message', listen);
      resolve(answer.result ?? {});
    };
    this.#socket.addEventListener('message', listen);
    this.#socket.send(JSON.stringify({ id, method }));
    return await promise;
  }

  /** Collect garbage; bytes of the heap that are in use then. */
  async collect(): Promise<number> {
    await this.#call('HeapProfiler.collectGarbage');
    await sleep(200);
    await this.#call('HeapProfiler.collectGarbage');
    return (await this.#call('Runtime.getHeapUsage')).usedSize ?? 0;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
