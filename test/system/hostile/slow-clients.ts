import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { sleep } from '@pouch/base';
import type { TestDaemon } from '../../harness/test-daemon.ts';
import { head, rawConnection } from './raw-request.ts';

interface SlowClient {
  readonly socket: Socket;
  readonly text: () => string;
}

/** Clients that send a byte a second, and such that send nothing. They are cut off; others do not notice them. */
export class SlowClients {
  readonly #slow: readonly SlowClient[];
  readonly #idle: readonly Socket[];
  readonly #timer: NodeJS.Timeout;

  private constructor(slow: readonly SlowClient[], idle: readonly Socket[]) {
    this.#slow = slow;
    this.#idle = idle;
    this.#timer = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write('a');
    }, 1000);
  }

  static async start(daemon: TestDaemon): Promise<SlowClients> {
    const slow: SlowClient[] = [];
    const body = head(
      'POST /volumes/create HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 1000',
    );
    for (let index = 0; index < 60; index += 1) {
      const socket = await rawConnection(daemon.socket);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.write(index % 2 ? body : 'GET /_ping HTTP/1.1\r\nX-Slow: ');
      slow.push({ socket, text: () => Buffer.concat(chunks).toString('latin1') });
    }
    const idle: Socket[] = [];
    for (let index = 0; index < 500; index += 1) idle.push(await rawConnection(daemon.socket));
    return new SlowClients(slow, idle);
  }

  /** All that trickle have been told so and cut off. */
  async finish(): Promise<void> {
    const all = Promise.all(this.#slow.map(async ({ socket }) => socket.closed || (await once(socket, 'close'))));
    const result = await Promise.race([all, sleep(50_000).then(() => undefined)]);
    clearInterval(this.#timer);
    assert.ok(result, 'a client that sends a byte a second was not cut off');
    for (const { text } of this.#slow) assert.match(text(), /^HTTP\/1\.1 408 [\s\S]*"message":"[^"]*in time/);
    for (const socket of this.#idle) socket.destroy();
  }
}
